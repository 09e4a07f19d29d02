/** A random program with what it must do: the same for every engine that it is run on. */
import type { MapShape, ProgramObject } from '@skep/bytecode';
import type { CompileOptions } from '../codegen/compile-program.ts';
import type { IrProgram } from '../ir/ir.ts';
import { allPasses, noPasses, type Passes } from '../optimiser/passes.ts';

/** The entries of a table: keys in hexadecimal text; of a per-CPU map the value on the one CPU. */
export type TableContents = ReadonlyMap<string, Uint8Array>;

/** What a program is given. */
export interface Input {
  readonly packet: Uint8Array;
  /** By the names of the maps; `slots 0` is the map that the map of maps `slots` has there. */
  readonly tables: Readonly<Record<string, TableContents>>;
  /** Queues and stacks, the oldest first. */
  readonly sequences: Readonly<Record<string, readonly Uint8Array[]>>;
}

/** What a run leaves behind, part by part, as text that can be compared. */
export type Outcome = Readonly<Record<string, string>>;

/** The maps that programs of a family use, and what is in those that no input fills. */
export interface FuzzWorld {
  readonly shapes: readonly MapShape[];
  /** Maps of maps and what they hold; no other slot is filled. */
  readonly innerMaps: readonly { readonly outer: string; readonly key: number }[];
  /** Programs that tail calls lead to. */
  readonly tailCalls: readonly {
    readonly map: string;
    readonly slot: number;
    readonly object: ProgramObject;
  }[];
}

/** One program. */
export interface FuzzCase {
  readonly seed: number;
  readonly world: FuzzWorld;
  readonly program: IrProgram;
  readonly inputs: readonly Input[];
  /** What the model says, input by input. */
  readonly expected: readonly Outcome[];
  /** For people: TypeScript or IR. */
  readonly text: () => string;
}

/** One way to compile a program. */
export interface Variant {
  readonly name: string;
  readonly options: CompileOptions;
  /** What the compiler does for everybody: an engine may not refuse it but where `plain` is too. */
  readonly isOptimised: boolean;
}

const iterators = { mayGoto: false, numberIterators: true };
const mayGoto = { mayGoto: true, numberIterators: true };

/** All passes for each kind of kernel, none, each one missing, and too few registers. */
export const variants: readonly Variant[] = [
  { name: 'all passes', options: { verifies: true }, isOptimised: true },
  { name: 'number iterators', options: { target: iterators }, isOptimised: true },
  { name: 'may_goto', options: { target: mayGoto }, isOptimised: true },
  { name: 'no passes', options: { passes: noPasses }, isOptimised: false },
  ...Object.keys(allPasses).map((pass) => ({
    name: `without ${pass}`,
    options: { passes: { [pass]: false } as Partial<Passes> },
    isOptimised: false,
  })),
  {
    name: 'no coalescing',
    options: { allocation: { coalesces: false } },
    isOptimised: false,
  },
  { name: 'two registers', options: { allocation: { registers: [1, 6] } }, isOptimised: false },
  {
    name: 'no registers, no passes',
    options: { passes: noPasses, allocation: { registers: [] } },
    isOptimised: false,
  },
];

/** The unoptimised form for the same kind of kernel. */
export function plainForm({ options }: Variant): CompileOptions {
  const { target } = options;
  return { passes: noPasses, ...(target ? { target } : {}) };
}

/** The first part that differs, `null` for none. */
export function compareOutcomes(found: Outcome, wanted: Outcome): string | null {
  const names = new Set([...Object.keys(found), ...Object.keys(wanted)]);
  for (const name of names) {
    const [have, want] = [found[name] ?? '', wanted[name] ?? ''];
    if (have !== want) return `${name} is ${have}, expected ${want}`;
  }
  return null;
}

/** What there is to say of a run. */
export interface Remains {
  readonly returnValue: number;
  readonly packet: Uint8Array;
  readonly tables: Readonly<Record<string, TableContents>>;
  readonly sequences?: Readonly<Record<string, readonly Uint8Array[]>>;
  readonly records?: readonly Uint8Array[];
}

/** Parts by their names. */
export function outcomeOf(remains: Remains): Outcome {
  const { returnValue, packet, tables, sequences = {}, records = [] } = remains;
  const tableTexts = Object.entries(tables).map(([name, entries]) => {
    const lines = [...entries].map(([key, value]) => `${key}=${hex(value)}`);
    return [name, lines.sort().join(' ')] as const;
  });
  const sequenceTexts = Object.entries(sequences).map(([name, values]) => {
    return [name, values.map(hex).join(' ')] as const;
  });
  return {
    'return value': `${returnValue >>> 0}`,
    packet: hex(packet),
    records: records.map(hex).join(' '),
    ...Object.fromEntries([...tableTexts, ...sequenceTexts]),
  };
}

/** Bytes as text. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

/** Text as bytes. */
export function unhex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}
