/**
 * Memory that programs address directly, without a lookup: the one value of an array map. Variables
 * that programs and node both read and write, and tables that are filled once and never change.
 */
import { codecOf } from './codec.ts';
import type { AnyInteger, Field, InitOf, StructClass, ValueOf } from './struct.ts';
import { array, Struct } from './struct.ts';
import { MapDeclaration, MapFlag } from './maps/declaration.ts';
import { u32 } from './integers.ts';

/** An array map of one value, which programs address directly. */
export class MemoryMap extends MapDeclaration<AnyInteger, Field> {
  readonly kind = 'array';

  constructor(
    name: string,
    layout: Field,
    flags: MapFlag,
    /** What it holds at first: all bytes of the value. */
    readonly contents: Uint8Array,
    /** Nobody may write to it any more, not even node. */
    readonly isFrozen: boolean,
  ) {
    super(u32, layout, { name, maxEntries: 1, flags });
  }
}

/** Variables of a module: to a program plain properties, to node a map. */
export type Variables<F extends Record<string, Field>> = MemoryMap & {
  [K in keyof F]: ValueOf<F[K]>;
};

/**
 * Declares variables that all runs of all programs share. Node opens the declaration as a map and
 * maps it into its own memory (`ArrayMemory` of `@skep/bpf`).
 *
 * @example export const state = variables({ name: 'state', fields: { packets: atomic(u64) } });
 * @since Linux 5.5
 */
export function variables<F extends Record<string, Field>>(options: {
  readonly name: string;
  readonly fields: F;
  /** Those that do not begin with zero. */
  readonly initial?: { [K in keyof F]?: InitOf<F[K]> };
}): Variables<F> {
  const { name, fields, initial } = options;
  class Values extends (Struct(fields) as StructClass<Record<string, Field>>) {}
  const contents = initial ? withZeroes(Values, initial) : new Uint8Array(Values.size);
  const made = new MemoryMap(name, Values, MapFlag.MemoryMappable, contents, false);
  for (const each of Object.keys(fields)) {
    if (each in made) throw new TypeError(`variable '${each}' of ${name}: the name is taken`);
    const refuse = (): never => {
      throw new Error(`variable ${each} of ${name}: node reads it through its map (ArrayMemory)`);
    };
    Object.defineProperty(made, each, { get: refuse, set: refuse, enumerable: true });
  }
  return made as Variables<F>;
}

/** Only where something is not zero: a page may forbid the code that codecs are generated as. */
function withZeroes(layout: StructClass<Record<string, Field>>, initial: object): Uint8Array {
  const codec = codecOf(layout);
  const zero = codec.decode(new Uint8Array(codec.size));
  return codec.encode({ ...zero, ...initial } as Parameters<typeof codec.encode>[0]);
}

/** A table that never changes: programs and node read its elements by index. */
export type ConstantTable<E extends Field> = MemoryMap & {
  readonly [index: number]: ValueOf<E>;
  readonly length: number;
};

/**
 * Declares a table of constants, for tables that are too long to be unrolled. An index must be
 * below its length, as that of any array.
 *
 * @example export const SQUARES = constantTable('squares', u32, [0, 1, 4, 9]);
 * @since Linux 5.2
 */
export function constantTable<E extends Field>(
  name: string,
  element: E,
  values: Iterable<ValueOf<E>>,
): ConstantTable<E> {
  const list = [...values];
  const layout = array(element, list.length);
  const contents = codecOf(layout).encode(list as never);
  const made = new MemoryMap(name, layout, MapFlag.ReadOnlyProgram, contents, true);
  return Object.assign(made, list, { length: list.length }) as unknown as ConstantTable<E>;
}
