/**
 * Random programs do what their models do, however they are compiled, on both engines of the
 * machine. Some seeds are always the same, others are new each time; `SKEP_SEED` and `SKEP_RUNS`
 * choose.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { type Family, reportText, runBatch, someWays } from './fuzz-batch.ts';
import { variants } from './fuzz-case.ts';
import { MachineEngine } from './machine-engine.ts';

const { SKEP_SEED, SKEP_RUNS } = process.env;
const fixed = 20_261_123;
const seeds = SKEP_SEED === undefined ? [fixed, Date.now() % 2 ** 31] : [Number(SKEP_SEED)];
const families: readonly Family[] = ['recipes', 'sources'];

for (const seed of seeds) {
  for (const family of families) {
    const programs = Number(SKEP_RUNS ?? (family === 'recipes' ? 25 : 15));
    test(`${programs} random ${family} (SKEP_SEED=${seed})`, async () => {
      const report = await runBatch({
        family,
        seed,
        programs,
        engines: (world) => [
          new MachineEngine('interpreter', world),
          new MachineEngine('generated', world),
        ],
        ways: family === 'recipes' ? () => variants : someWays,
      });
      assert.equal(report.failed.length, 0, reportText(report));
      assert.ok(report.ran > programs, `${report.ran} runs of ${programs} programs`);
    });
  }
}
