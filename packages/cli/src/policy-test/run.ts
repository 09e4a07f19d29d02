/** `skep policy test`: runs test files and shows what failed, with the rule that decided. */
import { dirname } from 'node:path';
import { readText } from '@skep/lab';
import type { SideExplanation } from '@skep/policy';
import { pc } from '../colours.ts';
import { printJson } from '../output.ts';
import { type ProbeVerdict, TestNode } from './decide.ts';
import { parsePolicyTest } from './test-file.ts';

/** Exit status 1 when a probe goes another way than its file expects. */
export function runPolicyTests(
  files: readonly string[],
  options: { readonly json?: boolean },
): void {
  let failed = 0;
  const reports = files.map((file) => {
    const test = parsePolicyTest(readText(file), file);
    const verdicts = new TestNode(test, dirname(file)).run();
    failed += verdicts.filter((each) => !isAsExpected(each)).length;
    return { file, test: test.name, verdicts };
  });
  if (options.json) {
    printJson(
      reports.map(({ file, test, verdicts }) => ({ file, test, verdicts: verdicts.map(toJson) })),
    );
  } else {
    for (const { file, verdicts } of reports) process.stdout.write(formatReport(file, verdicts));
  }
  if (failed > 0) process.exitCode = 1;
}

function isAsExpected({ probe, seen }: ProbeVerdict): boolean {
  return probe.expect === seen;
}

function toJson({ probe, step, seen, explanation }: ProbeVerdict): object {
  const sides = [explanation.egress, explanation.ingress];
  return { ...probe, step, seen, why: sides.flatMap((side) => (side ? [side.text] : [])) };
}

/** Only failures in full: what passed is a number. */
export function formatReport(file: string, verdicts: readonly ProbeVerdict[]): string {
  const failures = verdicts.filter((each) => !isAsExpected(each));
  const count = `${verdicts.length - failures.length} of ${verdicts.length} probes as expected`;
  const mark = failures.length === 0 ? pc.green('✓') : pc.red('✗');
  return `${mark} ${file}: ${count}\n${failures.map(formatFailure).join('')}`;
}

function formatFailure({ probe, step, seen, explanation }: ProbeVerdict): string {
  const where = step === '' ? '' : `${step}: `;
  const flow = `${probe.from} -> ${probe.to} ${probe.protocol} ${probe.port}`;
  const sides = [explanation.egress, explanation.ingress].flatMap((side) => (side ? [side] : []));
  return (
    `  ${where}${flow}: expected ${probe.expect}, seen ${pc.red(seen)}\n` +
    sides.map(formatSide).join('')
  );
}

function formatSide({ text, wouldChange }: SideExplanation): string {
  const changes = wouldChange.map((change) => `      would change it: ${change}\n`);
  return `    ${text}\n${changes.join('')}`;
}
