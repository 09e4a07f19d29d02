/** Memory: what a process that knows this many endpoints needs. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { canUseBpf } from '@skep/bpf';
import type { Case, Effort } from '../harness/case.ts';
import { plainRow, type Row } from '../harness/row.ts';
import { median } from '../harness/statistics.ts';

const main = join(import.meta.dirname, '../harness/memory-main.js');
const bytesPerMebibyte = 2 ** 20;

/**
 * The node's model and tables, in a process of its own, against a Node process that does nothing.
 */
export const memoryCase: Case = {
  name: 'memory',
  about: "resident memory of the agent's model and tables, endpoints without devices",
  run: async (effort) => {
    const reason = canUseBpf();
    if (reason !== undefined) return { skipped: reason };
    const idle = residentMebibytes(['-p', 'process.memoryUsage().rss'], effort);
    return endpointCounts(effort).map((count): Row => {
      const about = { name: `${count} endpoints`, unit: 'MiB', samples: sampleCount(effort) };
      const ours = residentMebibytes(['--expose-gc', main, String(count)], effort);
      return plainRow(about, ours, { name: 'node, idle', value: idle });
    });
  },
};

function endpointCounts({ rules }: Effort): number[] {
  return [0, rules / 100, rules / 10];
}

function sampleCount({ rounds }: Effort): number {
  return Math.min(rounds, 5);
}

function residentMebibytes(parameters: readonly string[], effort: Effort): number {
  const samples = Array.from({ length: sampleCount(effort) }, () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, parameters, {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`memory ${parameters.join(' ')}: ${stderr.slice(0, 500)}`);
    return Number(stdout) / bytesPerMebibyte;
  });
  return median(samples);
}
