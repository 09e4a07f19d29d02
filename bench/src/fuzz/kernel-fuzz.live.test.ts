/**
 * The compiler's random programs, in the kernel: it must accept what the compiler makes of them and
 * come to the same results. `SKEP_SEED` and `SKEP_RUNS` choose others and more. Nothing is
 * attached.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type BpfMap,
  canUseBpf,
  codeTarget,
  createMap,
  loadProgram,
  testRunXdp,
  VerifierError,
} from '@skep/bpf';
import type { ProgramObject } from '@skep/bytecode';
import { compileProgram } from '@skep/compiler';
import {
  bytesOf,
  compareOutcomes,
  evaluateRecipe,
  generateRecipe,
  type Input,
  keyOf,
  lowerRecipe,
  makeInput,
  type Outcome,
  Random,
  recipeMap,
  variants,
} from '@skep/compiler/fuzz';

const seed = Number(process.env.SKEP_SEED ?? 1);
const runs = Number(process.env.SKEP_RUNS ?? 40);
const inputCount = 3;

/** Its walk of all paths has a limit, which random branches in loops may exceed. */
const tooLarge = /too large|too complex/;

test(`${runs} random programs in the kernel do what their models do (SKEP_SEED=${seed})`, (t) => {
  const reason = canUseBpf();
  if (reason) {
    t.skip(reason);
    return;
  }
  const map = createMap(recipeMap);
  try {
    let accepted = 0;
    for (let own = seed; own < seed + runs; own++) accepted += checkProgram(own, map);
    assert.ok(accepted > runs, `${accepted} variants of ${runs} programs were accepted`);
  } finally {
    map.close();
  }
});

/** How many variants the kernel accepted. */
function checkProgram(own: number, map: BpfMap): number {
  const random = new Random(own);
  const recipe = generateRecipe(random, { statements: 7 });
  const program = lowerRecipe(recipe);
  const inputs = Array.from({ length: inputCount }, () => makeInput(random));
  let accepted = 0;
  const { mayGoto, numberIterators } = codeTarget();
  for (const { name, options } of variants) {
    const { target = { mayGoto: false, numberIterators: false } } = options;
    if (target.mayGoto > mayGoto || target.numberIterators > numberIterators) continue;
    const where = `SKEP_SEED=${own} SKEP_RUNS=1, ${name}`;
    const found = runInKernel(compileProgram(program, options), map, inputs, where);
    if (!found) continue;
    accepted++;
    inputs.forEach(({ packet, entries }, index) => {
      const wanted = evaluateRecipe(recipe, packet, entries);
      assert.equal(compareOutcomes(found[index]!, wanted), null, where);
    });
  }
  return accepted;
}

/** What each input leaves behind; `null` where the verifier gave up. */
function runInKernel(
  object: ProgramObject,
  map: BpfMap,
  inputs: readonly Input[],
  where: string,
): Outcome[] | null {
  try {
    const program = loadProgram(object, { maps: { [recipeMap.name]: map } });
    try {
      return inputs.map(({ packet, entries }) => {
        for (const [index, entry] of entries.entries()) map.update(keyOf(index), bytesOf(entry));
        const result = testRunXdp(program, { packet });
        const after = entries.map((_, index) =>
          Buffer.from(map.lookup(keyOf(index))!).readBigUInt64LE(),
        );
        return { returnValue: result.returnValue, packet: result.packet, entries: after };
      });
    } finally {
      program.close();
    }
  } catch (error) {
    if (!(error instanceof VerifierError)) throw error;
    if (tooLarge.test(error.log)) return null;
    throw new Error(where, { cause: error });
  }
}
