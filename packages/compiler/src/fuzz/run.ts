/** One recipe, compiled in several ways, against its model. */
import { type EngineName, Machine, type ProgramObject, Table } from '@skep/bytecode';
import { type CompileOptions, compileProgram } from '../codegen/compile-program.ts';
import type { IrProgram } from '../ir/ir.ts';
import { allPasses, noPasses, type Passes } from '../optimiser/passes.ts';
import { recipeMap } from './lower.ts';
import { evaluateRecipe, type Outcome } from './model.ts';
import type { Random } from './random.ts';
import { mapEntries, packetBytes, type Recipe } from './recipe.ts';

/** One way to compile a program. */
export interface Variant {
  readonly name: string;
  readonly options: CompileOptions;
}

/** All passes, none, each one missing, and too few registers. */
export const variants: readonly Variant[] = [
  { name: 'all passes', options: { verifies: true } },
  { name: 'no passes', options: { passes: noPasses } },
  ...Object.keys(allPasses).map((pass) => ({
    name: `without ${pass}`,
    options: { passes: { [pass]: false } as Partial<Passes> },
  })),
  { name: 'number iterators', options: { target: { mayGoto: false, numberIterators: true } } },
  { name: 'may_goto', options: { target: { mayGoto: true, numberIterators: true } } },
  { name: 'no coalescing', options: { allocation: { coalesces: false } } },
  { name: 'two registers', options: { allocation: { registers: [1, 6] } } },
  { name: 'no registers, no passes', options: { passes: noPasses, allocation: { registers: [] } } },
];

/** What a program is given. */
export interface Input {
  readonly packet: Uint8Array;
  readonly entries: readonly bigint[];
}

/** A random packet and random entries of the map; some packets are all ones or zeroes. */
export function makeInput(random: Random): Input {
  const packet = new Uint8Array(packetBytes);
  const style = random.below(4);
  for (let at = 0; at < packetBytes; at++) {
    packet[at] = style === 0 ? 0xff * random.below(2) : style === 1 ? 1 : random.below(256);
  }
  const entries = Array.from({ length: mapEntries }, () => BigInt(random.bits32()) << 3n);
  return { packet, entries };
}

const engines: readonly EngineName[] = ['interpreter', 'generated'];

/** Runs `object` on the machine of `@skep/bytecode`. */
function runOnMachine(
  engine: EngineName,
  object: ProgramObject,
  { packet, entries }: Input,
): Outcome {
  const machine = new Machine({ engine });
  machine.createMap(recipeMap);
  const table = machine.map(recipeMap.name, Table);
  entries.forEach((entry, index) => {
    table.update(keyOf(index), bytesOf(entry));
  });
  const result = machine.load(object).run({ packet });
  const after = entries.map((_, index) => {
    const value = table.lookup(keyOf(index))!;
    return new DataView(value.buffer, value.byteOffset).getBigUint64(0, true);
  });
  return { returnValue: result.returnValue, packet: result.packet, entries: after };
}

/** The key of an entry of the map. */
export function keyOf(index: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(index).buffer);
}

/** The value of an entry of the map. */
export function bytesOf(entry: bigint): Uint8Array {
  return new Uint8Array(BigUint64Array.of(entry).buffer);
}

/** How often each recipe is run. */
const inputCount = 4;

/**
 * Compiles `program` in every way and runs it.
 * @throws Error that names the variant and what differs.
 */
export function checkRecipe(recipe: Recipe, program: IrProgram, random: Random): void {
  const inputs = Array.from({ length: inputCount }, () => makeInput(random));
  const wanted = inputs.map(({ packet, entries }) => evaluateRecipe(recipe, packet, entries));
  for (const { name, options } of variants) {
    const object = compileProgram(program, options);
    for (const engine of engines) {
      inputs.forEach((input, index) => {
        const outcome = runOnMachine(engine, object, input);
        const difference = compareOutcomes(outcome, wanted[index]!);
        if (difference) throw new Error(`${name}, input ${index}, ${engine}: ${difference}`);
      });
    }
  }
}

/** What differs, `null` for nothing. */
export function compareOutcomes(found: Outcome, wanted: Outcome): string | null {
  const parts = [
    ['return value', found.returnValue, wanted.returnValue],
    ['packet', hex(found.packet), hex(wanted.packet)],
    ['map', found.entries.join(' '), wanted.entries.join(' ')],
  ] as const;
  const wrong = parts.find(([, have, want]) => have !== want);
  return wrong ? `${wrong[0]} is ${wrong[1]}, expected ${wrong[2]}` : null;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
