/**
 * Random programs in the kernel: it must accept what the compiler makes of them and come to the
 * same results as their models. `SKEP_SEED` and `SKEP_RUNS` choose others and more. Nothing is
 * attached.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canUseBpf } from '@skep/bpf';
import {
  type FailedProgram,
  type Family,
  failureLines,
  reportText,
  runBatch,
  someWays,
  variants,
} from '@skep/compiler/fuzz';
import { KernelEngine } from './kernel-engine.ts';

const { SKEP_SEED, SKEP_RUNS } = process.env;
const fixed = 1;
const seeds = SKEP_SEED === undefined ? [fixed, Date.now() % 2 ** 31] : [Number(SKEP_SEED)];
const families: readonly Family[] = ['recipes', 'sources'];
const skip = canUseBpf() ?? false;

for (const seed of seeds) {
  for (const family of families) {
    const programs = Number(SKEP_RUNS ?? (family === 'recipes' ? 15 : 10));
    test(`${programs} random ${family} in the kernel (SKEP_SEED=${seed})`, {
      skip,
    }, async (context) => {
      const open: KernelEngine[] = [];
      try {
        const report = await runBatch({
          family,
          seed,
          programs,
          engines: (world) => {
            open.push(new KernelEngine(world));
            return open;
          },
          ways: family === 'recipes' ? () => variants : someWays,
        });
        // How far the verifier walks is luck: of new seeds that is said, of the same ones demanded.
        const isLuck = ({ failures }: FailedProgram): boolean =>
          seed !== fixed && failures.every(({ isForSize }) => isForSize);
        for (const each of report.failed.filter(isLuck)) {
          context.diagnostic(failureLines(each).join('\n'));
        }
        const failed = report.failed.filter((each) => !isLuck(each));
        assert.equal(failed.length, 0, reportText(report));
        assert.ok(report.ran > programs, `${report.ran} runs of ${programs} programs`);
      } finally {
        for (const engine of open) engine.close();
      }
    });
  }
}
