/** The verdict matrix: what was expected of each probe, and what was seen. */
import { describeQuestion, isAsExpected, type ProbeResult } from '@skep/lab';
import { pc } from './colours.ts';
import { formatTable, paintVerdict } from './output.ts';

/** One row a probe, one column a family of addresses. */
export function formatMatrix(results: readonly ProbeResult[]): string {
  const rows = new Map<string, ProbeResult[]>();
  for (const result of results) {
    const key = `${result.from} ${result.to} ${describeQuestion(result)}`;
    rows.set(key, [...(rows.get(key) ?? []), result]);
  }
  const table = [...rows.values()].map((probes) => {
    const [first] = probes;
    const seen = (family: 4 | 6): string => {
      const result = probes.find((each) => each.family === family);
      return result ? `${isAsExpected(result) ? '✓' : '✗'} ${paintVerdict(result.seen)}` : '-';
    };
    return [
      first!.from,
      targetOf(first!),
      describeQuestion(first!),
      first!.expect,
      seen(4),
      seen(6),
    ];
  });
  const heading = ['FROM', 'TO', 'PORT', 'EXPECTED', 'IPV4', 'IPV6'];
  return `\n${formatTable(heading, table)}\n${summary(results)}`;
}

function targetOf({ to, port }: ProbeResult): string {
  return port === undefined ? to : `${to}:${port}`;
}

function summary(results: readonly ProbeResult[]): string {
  const wrong = results.filter((result) => !isAsExpected(result));
  if (wrong.length === 0) return pc.green(`all ${results.length} verdicts are as expected\n`);
  const lines = wrong.map((result) => {
    const what = result.icmp === undefined ? '' : ` ${describeQuestion(result)}`;
    const where = `${result.from} -> ${targetOf(result)}${what} IPv${result.family}`;
    return `  ${where}: expected ${result.expect}, seen ${result.seen} (${result.detail})\n`;
  });
  return (
    pc.red(`${wrong.length} of ${results.length} verdicts are not as expected:\n`) + lines.join('')
  );
}
