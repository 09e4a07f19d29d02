/**
 * Differential fuzzing of optimiser and code generator: random programs against their model.
 *
 *     node packages/compiler/dist/fuzz/main.js --runs 1000 --seed 7 [--statements 12]
 *
 * The seed of a program is the run's seed plus its number, so that one failure is repeated by
 * `--runs 1 --seed <seed of the program>`.
 */
import { parseArgs } from 'node:util';
import { printProgram } from '../ir/print.ts';
import { generateRecipe } from './generate.ts';
import { lowerRecipe } from './lower.ts';
import { Random } from './random.ts';
import { checkRecipe } from './run.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: process.env.SKEP_RUNS ?? '100' },
    seed: { type: 'string', default: process.env.SKEP_SEED ?? `${Date.now() >>> 0}` },
    statements: { type: 'string', default: '8' },
  },
});
const first = Number(values.seed);
const runs = Number(values.runs);
console.log(`seed ${first}, ${runs} programs of ${values.statements} statements`);
let failures = 0;
for (let seed = first; seed < first + runs; seed++) {
  const random = new Random(seed);
  const recipe = generateRecipe(random, { statements: Number(values.statements) });
  const program = lowerRecipe(recipe);
  try {
    checkRecipe(recipe, program, random);
  } catch (error) {
    failures++;
    console.log(`seed ${seed}: ${(error as Error).stack ?? error}`);
    if (runs === 1) console.log(printProgram(program));
  }
}
console.log(`${runs - failures} right, ${failures} wrong`);
process.exitCode = failures > 0 ? 1 : 0;
