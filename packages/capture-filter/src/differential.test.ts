/**
 * Filters, decided as libpcap decides them: in JavaScript, on the machine, and in the kernel by
 * BPF_PROG_TEST_RUN. `SKEP_SEED` and `SKEP_RUNS` choose other random filters and more.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { canUseBpf } from '@skep/bpf';
import { Random } from '@skep/compiler/fuzz';
import { compileFilter, type Filter } from './filter.ts';
import { filterTable } from './testing/filter-table.ts';
import { capturedFrames } from './testing/frames.ts';
import {
  difference,
  harnessProgram,
  matchesInKernel,
  matchesOnMachine,
} from './testing/harness.ts';
import { randomFilter } from './testing/random-filters.ts';
import { noTcpdump, TcpdumpOracle } from './testing/tcpdump.ts';

const seed = Number(process.env.SKEP_SEED ?? 1);
const runs = Number(process.env.SKEP_RUNS ?? 100);
const frames = capturedFrames(new Random(seed), 120);
const noKernel = canUseBpf() ?? false;

/** What filters come to; a frame about which libpcap itself is of two minds is told apart. */
interface Tally {
  compared: number;
  refused: number;
  frames: number;
  undecided: number;
}

describe('filters match what they match for libpcap', { skip: noTcpdump }, () => {
  const oracle = noTcpdump ? null : new TcpdumpOracle(frames);
  after(() => oracle?.close());

  test(`${filterTable.length} written filters`, (t) => {
    const tally = { compared: 0, refused: 0, frames: 0, undecided: 0 };
    for (const text of filterTable) checkFilter(text, text, tally);
    t.diagnostic(summary(tally));
    assert.equal(tally.compared, filterTable.length);
  });

  test(`${runs} random filters (SKEP_SEED=${seed})`, (t) => {
    const tally = { compared: 0, refused: 0, frames: 0, undecided: 0 };
    for (let own = seed; own < seed + runs; own++) {
      const text = randomFilter(new Random(own));
      checkFilter(text, `SKEP_SEED=${own} SKEP_RUNS=1: ${text}`, tally);
    }
    t.diagnostic(summary(tally));
    assert.ok(tally.compared > runs * 0.9, `${tally.compared} of ${runs} filters were compared`);
  });

  function checkFilter(text: string, where: string, tally: Tally): void {
    const wanted = oracle!.verdicts(text);
    if ('refused' in wanted) {
      tally.refused++;
      assert.throws(() => compileFilter(text), { code: 'ERR_FILTER' }, where);
      return;
    }
    tally.compared++;
    tally.frames += frames.length;
    const filter = compileFilter(text);
    const object = harnessProgram(filter, { verifies: true });
    const have = matchesOnMachine(object, frames);
    const wrong = difference(have, wanted.matches);
    if (wrong.length > 0) tally.undecided += undecided(text, wrong, where);
    assert.deepEqual(difference(matchesByEvaluation(filter), have), [], `${where}: evaluated`);
    if (noKernel) return;
    assert.deepEqual(
      difference(matchesInKernel(object, frames), have),
      [],
      `${where}: in the kernel`,
    );
  }

  /** How many frames libpcap decides as Skep does when its optimiser is off: must be all. */
  function undecided(text: string, wrong: readonly number[], where: string): number {
    const plain = oracle!.verdicts(text, ['-O']);
    const optimised = oracle!.verdicts(text);
    assert.ok('matches' in plain && 'matches' in optimised, where);
    const minds = difference(plain.matches, optimised.matches);
    const bad = wrong.filter((index) => !minds.includes(index));
    assert.deepEqual(bad.map(shown), [], where);
    return wrong.length;
  }
});

function summary({ compared, refused, frames: verdicts, undecided }: Tally): string {
  const engines = noKernel ? `machine only: ${noKernel}` : 'machine and kernel';
  const minds = `${undecided} where libpcap's optimiser changes libpcap's own verdict`;
  const counts = `${compared} filters, ${refused} refused by both, ${verdicts} verdicts`;
  return `${counts}, ${minds}; ${engines}`;
}

function matchesByEvaluation(filter: Filter): Set<number> {
  const numbers = [...frames.keys()];
  return new Set(numbers.filter((at) => filter.matches(frames[at]!.bytes, frames[at]!.length)));
}

function shown(index: number): string {
  const { bytes, length } = frames[index]!;
  return `frame ${index}, ${length} bytes: ${Buffer.from(bytes).toString('hex')}`;
}
