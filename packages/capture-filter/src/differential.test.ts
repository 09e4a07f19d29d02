/**
 * Filters, decided as libpcap decides them: in JavaScript, on the machine, and in the kernel by
 * BPF_PROG_TEST_RUN. `SKEP_SEED` and `SKEP_RUNS` choose other random filters and more.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { canUseBpf, loadProgram, testRunXdp } from '@skep/bpf';
import { Random } from '@skep/compiler/fuzz';
import { compileFilter, type Filter } from './filter.ts';
import { filterTable } from './testing/filter-table.ts';
import { capturedFrames } from './testing/frames.ts';
import { harnessProgram, matchesOnMachine, matching } from './testing/harness.ts';
import { randomFilter } from './testing/random-filters.ts';
import { noTcpdump, TcpdumpOracle } from './testing/tcpdump.ts';

const seed = Number(process.env.SKEP_SEED ?? 1);
const runs = Number(process.env.SKEP_RUNS ?? 150);
const frames = capturedFrames(new Random(seed), 120);
const noKernel = canUseBpf() ?? false;

describe('filters match what they match for libpcap', { skip: noTcpdump }, () => {
  const oracle = noTcpdump ? null : new TcpdumpOracle(frames);
  after(() => oracle?.close());

  test(`${filterTable.length} written filters`, (t) => {
    for (const text of filterTable) checkFilter(text, text);
    t.diagnostic(noKernel ? `not in the kernel: ${noKernel}` : 'machine and kernel');
  });

  test(`${runs} random filters (SKEP_SEED=${seed})`, (t) => {
    let compared = 0;
    for (let own = seed; own < seed + runs; own++) {
      const text = randomFilter(new Random(own));
      if (checkFilter(text, `SKEP_SEED=${own} SKEP_RUNS=1: ${text}`)) compared++;
    }
    t.diagnostic(`${compared} filters compared on ${frames.length} frames`);
    assert.ok(compared > runs * 0.9, `${compared} of ${runs} filters were compared`);
  });

  /** False where neither libpcap nor Skep takes the filter. */
  function checkFilter(text: string, where: string): boolean {
    const wanted = oracle!.verdicts(text);
    if ('refused' in wanted) {
      assert.throws(() => compileFilter(text), { code: 'ERR_FILTER' }, where);
      return false;
    }
    const filter = compileFilter(text);
    const have = frames.flatMap(({ bytes, length }, at) =>
      filter.matches(bytes, length) ? [at] : [],
    );
    assertSame(new Set(have), wanted.matches, `${where}: by evaluation`);
    checkProgram(filter, wanted.matches, where);
    return true;
  }
});

function checkProgram(filter: Filter, wanted: ReadonlySet<number>, where: string): void {
  const object = harnessProgram(filter, { verifies: true });
  assertSame(matchesOnMachine(object, frames), wanted, `${where}: on the machine`);
  if (noKernel) return;
  const program = loadProgram(object);
  try {
    const run = (packet: Uint8Array): number => testRunXdp(program, { packet }).returnValue;
    assertSame(matching(frames, run), wanted, `${where}: in the kernel`);
  } finally {
    program.close();
  }
}

function assertSame(have: ReadonlySet<number>, want: ReadonlySet<number>, where: string): void {
  const wrong = frames.findIndex((_, index) => have.has(index) !== want.has(index));
  if (wrong < 0) return;
  const { bytes, length } = frames[wrong]!;
  const verdict = want.has(wrong) ? 'matches for libpcap only' : 'does not match for libpcap';
  assert.fail(`${where}: frame ${wrong} (${length}: ${Buffer.from(bytes).toString('hex')}) ${verdict}`);
}
