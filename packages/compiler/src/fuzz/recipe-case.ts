/** Recipes as cases: programs that are made as IR, with shapes that the front end never makes. */
import { printProgram } from '../ir/print.ts';
import { type FuzzCase, type FuzzWorld, hex, type Input, outcomeOf } from './fuzz-case.ts';
import { generateRecipe } from './generate.ts';
import { lowerRecipe, recipeMap } from './lower.ts';
import { evaluateRecipe } from './model.ts';
import { Random } from './random.ts';
import { mapEntries, packetBytes } from './recipe.ts';

/** One array map. */
export const recipeWorld: FuzzWorld = { shapes: [recipeMap], innerMaps: [], tailCalls: [] };
/** How often each program is run. */
const inputCount = 4;

/** The case of a seed. */
export function makeRecipeCase(seed: number, statements = 7): FuzzCase {
  const random = new Random(seed);
  const recipe = generateRecipe(random, { statements });
  const program = lowerRecipe(recipe);
  const given = Array.from({ length: inputCount }, () => randomInput(random));
  const inputs = given.map(({ packet, entries }): Input => {
    return { packet, tables: { [recipeMap.name]: contents(entries) }, sequences: {} };
  });
  const expected = given.map(({ packet, entries }) => {
    const left = evaluateRecipe(recipe, packet, entries);
    const tables = { [recipeMap.name]: contents(left.entries) };
    return outcomeOf({ returnValue: left.returnValue, packet: left.packet, tables });
  });
  return { seed, world: recipeWorld, program, inputs, expected, text: () => printProgram(program) };
}

function contents(entries: readonly bigint[]): Map<string, Uint8Array> {
  return new Map(
    entries.map((entry, index) => [
      hex(new Uint8Array(Uint32Array.of(index).buffer)),
      new Uint8Array(BigUint64Array.of(entry).buffer),
    ]),
  );
}

/** A random packet and random entries of the map; some packets are all ones or zeroes. */
function randomInput(random: Random): {
  readonly packet: Uint8Array;
  readonly entries: readonly bigint[];
} {
  const packet = random.bytes(packetBytes);
  const entries = Array.from({ length: mapEntries }, () => BigInt(random.bits32()) << 3n);
  return { packet, entries };
}
