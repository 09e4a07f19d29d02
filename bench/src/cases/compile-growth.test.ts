/** Twice the program, not much more than twice the time: no pass walks all for each. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileProgram, type IrProgram } from '@skep/compiler';
import { filterOf, valuesOf } from '../harness/growing-filter.ts';
import { countsThreadTime, threadNanoseconds } from '../harness/processor-time.ts';

/** From some 1,200 values to the 4,800 that the largest programs of the datapath have. */
const termCounts = [100, 200, 400];
/** Time of twice the program: n log n takes 2.2 here, a walk of all for each 4. */
const FACTOR_MAX = 2.6;
const warmUps = 3;
const roundsMin = 5;
/** Where the machine is busy, it takes more of them until each program once had it for itself. */
const roundsMax = 30;

const skip = countsThreadTime ? false : 'the kernel does not tell the time of a thread';

test(`twice the program takes at most ${FACTOR_MAX} times as long`, { skip }, (context) => {
  const programs = termCounts.map(filterOf);
  const costs = programs.map(() => Infinity);
  for (let round = 1 - warmUps; round <= roundsMax; round++) {
    for (const [index, cost] of measureCosts(programs).entries()) {
      // The least: what others do to processor and caches only adds.
      if (round > 0) costs[index] = Math.min(costs[index]!, cost);
    }
    if (round >= roundsMin && Math.max(...factorsOf(costs)) <= FACTOR_MAX) break;
  }
  const factors = factorsOf(costs);
  const text = factors.map((factor) => factor.toFixed(2)).join(', ');
  context.diagnostic(`times of twice the program: ${text}`);
  assert.ok(Math.max(...factors) <= FACTOR_MAX, `twice the program takes ${text} times as long`);
});

/** Nanoseconds for a value of each program. */
function measureCosts(programs: readonly IrProgram[]): number[] {
  const most = valuesOf(programs.at(-1)!);
  return programs.map((program) => {
    const values = valuesOf(program);
    // Each sample is as much work as one of the largest: the clock of a thread goes by ticks.
    const times = Math.round(most / values);
    const start = threadNanoseconds();
    for (let time = 0; time < times; time++) compileProgram(program);
    return (threadNanoseconds() - start) / (times * values);
  });
}

/** Of twice the values, by what a value costs here and in the program before. */
function factorsOf(costs: readonly number[]): number[] {
  return costs.slice(1).map((cost, index) => (2 * cost) / costs[index]!);
}
