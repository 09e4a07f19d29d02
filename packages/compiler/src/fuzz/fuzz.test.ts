import assert from 'node:assert/strict';
import test from 'node:test';
import { generateRecipe } from './generate.ts';
import { lowerRecipe } from './lower.ts';
import { Random } from './random.ts';
import { checkRecipe } from './run.ts';

const seed = Number(process.env.SKEP_SEED ?? 20_261_123);
const runs = Number(process.env.SKEP_RUNS ?? 60);

test(`${runs} random programs do what their models do (SKEP_SEED=${seed})`, () => {
  for (let own = seed; own < seed + runs; own++) {
    const random = new Random(own);
    const recipe = generateRecipe(random, { statements: 6 });
    assert.doesNotThrow(() => {
      checkRecipe(recipe, lowerRecipe(recipe), random);
    }, `SKEP_SEED=${own} SKEP_RUNS=1`);
  }
});
