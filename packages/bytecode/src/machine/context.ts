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
  /** The place of each of them. */
  readonly placeOf: ReadonlyMap<string, number>;
  /** The place of the packet's length, -1 where there is none. */
  readonly lengthAt: number;
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
    placeOf: new Map(names.map((name, at) => [name, at])),
    lengthAt: names.indexOf('length'),
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
  /** Places in `indexes` of the fields that were set since the run began; all others are zero. */
  private readonly set: number[] = [];

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
    this.setLength(packetBytes);
    for (const field in fields) {
      const at = this.layout.placeOf.get(field);
      if (at === undefined) {
        throw new TypeError(`context field ${field}: a ${this.kind} program has none such`);
      }
      this.put(at, fields[field]!);
    }
  }

  /** All fields are zero again; both kinds have them in the same words. */
  end(): void {
    const { words, set, cells } = this;
    const { indexes } = this.layout;
    if (cells.isContextWritten[0] !== 0) {
      for (let at = 0; at < indexes.length; at++) words[indexes[at]!] = 0;
      cells.isContextWritten[0] = 0;
    } else {
      for (let each = 0; each < set.length; each++) words[indexes[set[each]!]!] = 0;
    }
    while (set.length > 0) set.pop();
  }

  private put(at: number, value: number): void {
    if (!this.set.includes(at)) this.set.push(at);
    this.words[this.layout.indexes[at]!] = value;
  }

  /** The length as TC sees it, after the packet has changed. */
  setLength(length: number): void {
    const { lengthAt } = this.layout;
    if (lengthAt >= 0) this.put(lengthAt, length);
  }

  /** TC: as `skb_change_type` sets it, which a program may not do itself. */
  setPacketType(type: number): void {
    const at = this.layout.placeOf.get('packetType');
    if (at !== undefined) this.put(at, type);
  }

  /** What `copyFields` writes. */
  fieldWords(): number {
    const isWritten = this.cells.isContextWritten[0] !== 0;
    return 2 * (isWritten ? this.layout.indexes.length : this.set.length);
  }

  /**
   * Writes place in `indexes` and value, one after the other, of the fields that may not be zero,
   * to a place in a list.
   */
  copyFields(target: number[], begin: number): void {
    const { indexes } = this.layout;
    const { words, set } = this;
    const isWritten = this.cells.isContextWritten[0] !== 0;
    const count = isWritten ? indexes.length : set.length;
    for (let each = 0, to = begin; each < count; each++, to += 2) {
      const at = isWritten ? each : set[each]!;
      target[to] = at;
      target[to + 1] = words[indexes[at]!]!;
    }
  }

  /** All fields, by what `copyFields` wrote. */
  static fieldsOf(kind: ProgramKind, copied: readonly number[]): ContextFields {
    const { names } = layouts[kind];
    const fields = names.map((name): [string, number] => [name, 0]);
    for (let at = 0; at < copied.length; at += 2) fields[copied[at]!]![1] = copied[at + 1]!;
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
    this.cells.isContextWritten[0] = 1;
  }
}
