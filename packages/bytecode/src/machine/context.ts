/**
 * What a program gets in r1: `struct xdp_md` or `struct __sk_buff`, by the tables of `@skep/ebpf`.
 *
 * @source include/uapi/linux/bpf.h; rules of access: net/core/filter.c
 */
import { type ContextShape, contextShapes } from '@skep/ebpf';
import { StepFault } from './fault.ts';
import type { Cells } from './heap.ts';
import { Region } from './memory.ts';

/** The two kinds of program that the machine runs. */
export type ProgramKind = 'xdp' | 'tc';

/** Fields of the context by the names of `contextShapes`: unsigned, 32 bits. */
export type ContextFields = Readonly<Record<string, number>>;

/** What is known of a kind's fields, worked out once. */
interface Layout {
  readonly shape: ContextShape;
  readonly names: readonly string[];
  readonly offsets: readonly number[];
  /** `offsets` again. */
  readonly known: ReadonlySet<number>;
  readonly writable: ReadonlySet<number>;
}

function layoutOf(shape: ContextShape): Layout {
  const fields = Object.values(shape.fields);
  return {
    shape,
    names: Object.keys(shape.fields),
    offsets: fields.map((field) => field.offset),
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

/** The context of one run. */
export class Context {
  readonly region: Region;
  private readonly shape: ContextShape;
  private readonly words: Uint32Array;
  private readonly layout: Layout;

  constructor(
    readonly kind: ProgramKind,
    fields: ContextFields,
    packetBytes: number,
    private readonly cells: Cells,
  ) {
    this.layout = layouts[kind];
    this.words = cells.context;
    for (const offset of this.layout.offsets) this.words[offset / 4] = 0;
    this.shape = this.layout.shape;
    const name = kind === 'xdp' ? 'context (struct xdp_md)' : 'context (struct __sk_buff)';
    this.region = new Region('context', name, noBytes);
    if (kind === 'tc') this.setLength(packetBytes);
    for (const field of Object.keys(fields)) {
      const value = fields[field]!;
      const place = this.shape.fields[field];
      if (!place) throw new TypeError(`context field ${field}: a ${kind} program has none such`);
      this.words[place.offset / 4] = value;
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

  /** Reads all fields, now or later, as the program has left them. */
  fieldsLater(): () => ContextFields {
    const { names, offsets } = this.layout;
    const values: number[] = [];
    for (const offset of offsets) values.push(this.words[offset / 4]!);
    return () => Object.fromEntries(names.map((name, index) => [name, values[index]!]));
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
