/**
 * What a program gets in r1: `struct xdp_md` or `struct __sk_buff`, by the tables of `@skep/ebpf`.
 *
 * @source include/uapi/linux/bpf.h; rules of access: net/core/filter.c
 */
import { type ContextShape, contextShapes } from '@skep/ebpf';
import { StepFault } from './fault.ts';
import type { Cells } from './heap.ts';
import { keptAddress, type Memory, Region } from './memory.ts';

/** The two kinds of program that the machine runs. */
export type ProgramKind = 'xdp' | 'tc';

/** Fields of the context by the names of `contextShapes`: unsigned, 32 bits. */
export type ContextFields = Readonly<Record<string, number>>;

/** What is known of a kind's fields, worked out once. */
interface Layout {
  readonly shape: ContextShape;
  readonly names: readonly string[];
  /** The word of each of them. */
  readonly indexes: readonly number[];
  readonly indexOf: ReadonlyMap<string, number>;
  readonly known: ReadonlySet<number>;
  readonly writable: ReadonlySet<number>;
}

function layoutOf(shape: ContextShape): Layout {
  const fields = Object.values(shape.fields);
  const names = Object.keys(shape.fields);
  const indexes = fields.map((field) => field.offset / 4);
  return {
    shape,
    names,
    indexes,
    indexOf: new Map(names.map((name, at) => [name, indexes[at]!])),
    known: new Set(fields.map((field) => field.offset)),
    writable: new Set(fields.filter((field) => field.isWritable).map((field) => field.offset)),
  };
}

const layouts: Readonly<Record<ProgramKind, Layout>> = {
  xdp: layoutOf(contextShapes.XdpContext!),
  tc: layoutOf(contextShapes.TcContext!),
};

/** By number, BPF_PROG_TYPE_*. */
export function programKind(programType: number): ProgramKind | undefined {
  if (programType === layouts.xdp.shape.programType) return 'xdp';
  return programType === layouts.tc.shape.programType ? 'tc' : undefined;
}

/** The order in which a machine keeps them: generated code knows their addresses by it. */
const kinds: readonly ProgramKind[] = ['xdp', 'tc'];

/** The high word of the address of a kind's context. */
export function contextAddress(kind: ProgramKind): number {
  return keptAddress(kinds.indexOf(kind));
}

/** The contexts of a new machine. */
export function makeContexts(memory: Memory): Readonly<Record<ProgramKind, Context>> {
  const [xdp, tc] = kinds.map((kind) => new Context(kind, memory)) as [Context, Context];
  memory.keep(xdp.region, tc.region);
  return { xdp, tc };
}

const CONTEXT_BYTES = 192;
const noBytes = new Uint8Array(CONTEXT_BYTES);
/** Words of the packet's addresses in `Cells.places`. */
const packetPlaces = { data: 0, end: 2, meta: 4 } as const;

/** What a plain load of a field of the context reads. */
export type ContextLoad =
  | { readonly from: 'packet'; readonly word: number }
  | { readonly from: 'field'; readonly offset: number };

/** As `Context.read` and `packetPlace` answer, for code that is made before it runs. */
export function contextLoad(
  kind: ProgramKind,
  offset: number,
  size: number,
): ContextLoad | undefined {
  const { shape, known } = layouts[kind];
  if (size !== 4 || offset % 4 !== 0) return undefined;
  const place = placeAt(shape, offset);
  if (place) return { from: 'packet', word: packetPlaces[place] };
  return known.has(offset) ? { from: 'field', offset } : undefined;
}

/** Whether `Context.write` would allow it. */
export function isContextStore(kind: ProgramKind, offset: number, size: number): boolean {
  return size === 4 && layouts[kind].writable.has(offset);
}

function placeAt(shape: ContextShape, word: number): keyof typeof packetPlaces | undefined {
  if (word === shape.dataOffset) return 'data';
  if (word === shape.dataEndOffset) return 'end';
  return word === shape.dataMetaOffset ? 'meta' : undefined;
}

/** The context of one kind of program: one for each machine, made ready for each run. */
export class Context {
  readonly region: Region;
  private readonly shape: ContextShape;
  private readonly words: Uint32Array;
  private readonly layout: Layout;
  private readonly cells: Cells;

  constructor(
    readonly kind: ProgramKind,
    { heap }: Memory,
  ) {
    this.layout = layouts[kind];
    this.cells = heap.cells;
    this.words = heap.cells.context;
    this.shape = this.layout.shape;
    const name = kind === 'xdp' ? 'context (struct xdp_md)' : 'context (struct __sk_buff)';
    this.region = new Region('context', name, noBytes);
  }

  /** @throws TypeError for a field that the kind has not */
  begin(fields: ContextFields | undefined, packetBytes: number): void {
    const { words, layout } = this;
    for (const index of layout.indexes) words[index] = 0;
    this.setLength(packetBytes);
    for (const field in fields) {
      const index = layout.indexOf.get(field);
      if (index === undefined) {
        throw new TypeError(`context field ${field}: a ${this.kind} program has none such`);
      }
      words[index] = fields[field]!;
    }
  }

  /** The length as TC sees it, after the packet has changed. */
  setLength(length: number): void {
    const field = this.shape.fields.length;
    if (field) this.words[field.offset / 4] = length;
  }

  /** TC: as `skb_change_type` sets it, which a program may not do itself. */
  setPacketType(type: number): void {
    const field = this.shape.fields.packetType;
    if (field) this.words[field.offset / 4] = type;
  }

  /** Which fields are not zero, and what they are, one after the other. */
  snapshot(): number[] {
    const { indexes } = this.layout;
    const { words } = this;
    const found: number[] = [];
    for (let at = 0; at < indexes.length; at++) {
      const value = words[indexes[at]!]!;
      if (value !== 0) found.push(at, value);
    }
    return found;
  }

  /** All fields, by what `snapshot` gave. */
  static fieldsOf(kind: ProgramKind, snapshot: readonly number[]): ContextFields {
    const { names } = layouts[kind];
    const fields = names.map((name): [string, number] => [name, 0]);
    for (let at = 0; at < snapshot.length; at += 2) fields[snapshot[at]!]![1] = snapshot[at + 1]!;
    return Object.fromEntries(fields);
  }

  /**
   * Both words of the packet address that a load gives, if it gives one.
   *
   * @throws StepFault when only a part is loaded
   */
  packetPlace(
    offset: number,
    size: number,
  ): { readonly low: number; readonly high: number } | undefined {
    const word = offset & ~3;
    const place = placeAt(this.shape, word);
    if (!place) return undefined;
    if (size !== 4 || word !== offset) {
      throw new StepFault(
        `access of ${size} bytes at ${offset} of ${this.region.name}: expected 4`,
      );
    }
    const at = packetPlaces[place];
    const { places } = this.cells;
    return { low: places[at]!, high: places[at + 1]! };
  }

  /** A field, or an aligned part of one. @throws StepFault for one that the machine has not */
  read(offset: number, size: number): number {
    const word = offset & ~3;
    if (!this.layout.known.has(word) || size > 4 || offset % size !== 0) {
      throw new StepFault(
        `read of ${size} bytes at ${offset} of ${this.region.name}: no such field`,
      );
    }
    const value = this.words[word / 4]! >>> ((offset - word) * 8);
    return size === 4 ? value : value & ((1 << (size * 8)) - 1);
  }

  /** @throws StepFault for a field that may not be written */
  write(offset: number, size: number, value: number): void {
    if (!this.layout.writable.has(offset) || size !== 4) {
      throw new StepFault(`write of ${size} bytes at ${offset} of ${this.region.name}: read-only`);
    }
    this.words[offset / 4] = value;
  }
}
