/**
 * Classic programs that libpcap makes, translated: they match what they match for libpcap, on the
 * machine and in the kernel, and are listed as tcpdump lists them.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { canUseBpf } from '@skep/bpf';
import { Random } from '@skep/compiler/fuzz';
import { filterTable } from '../testing/filter-table.ts';
import { capturedFrames } from '../testing/frames.ts';
import {
  difference,
  harnessProgram,
  matchesInKernel,
  matchesOnMachine,
} from '../testing/harness.ts';
import { randomFilter } from '../testing/random-filters.ts';
import { classicProgramOf, noTcpdump, TcpdumpOracle } from '../testing/tcpdump.ts';
import { formatClassic } from './format-classic.ts';
import { parseClassic } from './parse-classic.ts';

const seed = Number(process.env.SKEP_SEED ?? 1);
const runs = Number(process.env.SKEP_RUNS ?? 40);
const frames = capturedFrames(new Random(seed), 120);
const noKernel = canUseBpf() ?? false;
/** Without its optimiser libpcap makes longer programs, with memory in them. */
const forms = [[], ['-O']] as const;

describe('classic programs of libpcap', { skip: noTcpdump }, () => {
  const oracle = noTcpdump ? null : new TcpdumpOracle(frames);
  after(() => oracle?.close());

  test('of the written filters', (t) => {
    const compared = filterTable.filter((text) => checkForm(text, []));
    t.diagnostic(`${compared.length} programs on ${frames.length} frames`);
    assert.ok(compared.length > 250);
  });

  test(`of ${runs} random filters, optimised and not (SKEP_SEED=${seed})`, (t) => {
    let compared = 0;
    for (let own = seed; own < seed + runs; own++) {
      const text = randomFilter(new Random(own));
      for (const form of forms) if (checkForm(text, form)) compared++;
    }
    t.diagnostic(`${compared} programs on ${frames.length} frames`);
    assert.ok(compared > runs);
  });

  test('are listed as tcpdump -d lists them', () => {
    for (const text of filterTable) {
      const program = classicProgramOf(text);
      if (program === undefined) continue;
      const want = classicProgramOf(text, ['-d'])!.replace(/ +$/gm, '').trimEnd();
      assert.equal(formatClassic(parseClassic(program)), want, text);
    }
  });

  /** False where libpcap has no program of the filter. */
  function checkForm(text: string, form: readonly string[]): boolean {
    const wanted = oracle!.verdicts(text, form);
    if ('refused' in wanted) return false;
    const printed = classicProgramOf(text, [...form, '-ddd']);
    if (printed === undefined) return false;
    const object = harnessProgram(parseClassic(printed), { verifies: true });
    const have = matchesOnMachine(object, frames);
    assert.deepEqual(difference(have, wanted.matches), [], `${text}: on the machine`);
    if (noKernel) return true;
    assert.deepEqual(
      difference(matchesInKernel(object, frames), have),
      [],
      `${text}: in the kernel`,
    );
    return true;
  }
});
