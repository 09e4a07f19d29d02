/** What a policy test has found, for people and for programs. */
import type { ExplainSideView, ExplainView } from '@skep/agent';
import { protocolOf } from '@skep/lab';
import { formatPath } from '@skep/policy';
import { pc } from '../colours.ts';
import { formatParagraph, formatSide } from '../output.ts';
import type { PolicyTest } from './policy-test.ts';
import { isAsExpected, isDisputed, type TestVerdict } from './run-test.ts';

/** A test and its verdicts. */
export interface TestReport {
  readonly test: PolicyTest;
  readonly verdicts: readonly TestVerdict[];
}

/** Only failures in full: what passed is a number. */
export function formatReport({ test, verdicts }: TestReport, isLive: boolean): string {
  const failures = verdicts.filter((each) => !isAsExpected(each));
  const mark = failures.length === 0 ? pc.green('✓') : pc.red('✗');
  const how = `${isLive ? ', live' : ''} (${overText(verdicts)})`;
  const head = `${mark} ${test.file}: ${countText(verdicts)} as expected${how}\n`;
  return head + grouped(failures).map(formatFailure).join('');
}

/** One line for several files. */
export function formatTotal(reports: readonly TestReport[]): string {
  const failed = reports.filter(({ verdicts }) => !verdicts.every(isAsExpected)).length;
  const all = countText(reports.flatMap(({ verdicts }) => verdicts));
  const text = `${reports.length} files, ${all} as expected`;
  return failed === 0 ? `${text}\n` : `${text}; ${pc.red(`${failed} failed`)}\n`;
}

/** A report as programs read it: every verdict, with where its probe is written. */
export function toJson({ test, verdicts }: TestReport, isLive: boolean): object {
  return {
    file: test.file,
    test: test.name,
    isLive,
    isAsExpected: verdicts.every(isAsExpected),
    verdicts: verdicts.map((verdict) => {
      const { step, probe, exchange, seen, decided, detail, explanation } = verdict;
      return {
        step,
        path: formatPath(probe.path),
        line: probe.position.line,
        from: probe.from,
        to: probe.to,
        family: `IPv${exchange.family}`,
        source: exchange.source,
        destination: exchange.destination,
        protocol: protocolOf(exchange),
        [exchange.kind === 'icmp' ? 'type' : 'port']: exchange.port,
        expect: probe.expect,
        seen,
        ...(decided && { decided }),
        isAsExpected: isAsExpected(verdict),
        detail,
        egress: explanation.egress,
        ingress: explanation.ingress,
      };
    }),
  };
}

function countText(verdicts: readonly TestVerdict[]): string {
  const good = verdicts.filter(isAsExpected).length;
  return `${good} of ${verdicts.length} verdicts`;
}

/** Such as `5 over IPv4, 5 over IPv6`. */
function overText(verdicts: readonly TestVerdict[]): string {
  const counts = ([4, 6] as const).flatMap((family) => {
    const count = verdicts.filter(({ exchange }) => exchange.family === family).length;
    return count === 0 ? [] : [`${count} over IPv${family}`];
  });
  return counts.join(', ') || 'no probes';
}

/** Verdicts of one probe that differ in nothing but the family are told together. */
function grouped(failures: readonly TestVerdict[]): TestVerdict[][] {
  const groups = new Map<string, TestVerdict[]>();
  for (const each of failures) {
    const { probe, seen, decided, detail, explanation } = each;
    const text = sidesOf(each).map((side) => side.text);
    const key = JSON.stringify([probe.path, seen, decided, detail, explanation.verdict, text]);
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [...groups.values()];
}

function formatFailure(group: readonly TestVerdict[]): string {
  const [first] = group as readonly [TestVerdict];
  const { probe, step, seen, decided, detail } = first;
  const families = group.map(({ exchange }) => `IPv${exchange.family}`).join(' and ');
  const where = `${probe.position.file}:${probe.position.line}${step === '' ? '' : ` (${step})`}`;
  const what = `${probe.from} -> ${probe.to} ${probe.question} over ${families}`;
  const verdict = isDisputed(first)
    ? `${pc.red(seen)} on the wire (${detail}), but the machine decides ${pc.red(decided!)}`
    : `seen ${pc.red(seen)}${decided ? ` on the wire (${detail})` : ''}`;
  return (
    formatParagraph(`${what}: expected ${probe.expect}, ${verdict}`, 2) +
    formatParagraph(`at ${where}`, 4) +
    sidesOf(first)
      .map((side) => formatSide(side, 4))
      .join('')
  );
}

/** Of a drop only the sides that deny; of what passed, and of a dispute, both. */
function sidesOf(verdict: TestVerdict): ExplainSideView[] {
  const { egress, ingress }: ExplainView = verdict.explanation;
  const sides = [egress, ingress].filter((side) => side !== undefined);
  const denying = sides.filter((side) => side.verdict === 'deny');
  const isPlain = verdict.seen === 'deny' && !isDisputed(verdict) && denying.length > 0;
  return isPlain ? denying : sides;
}
