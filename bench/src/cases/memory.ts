/** How much memory the daemon takes, and what one endpoint more costs when there are many. */
import { spawnSync } from 'node:child_process';
import { canUseBpf } from '@skep/bpf';
import type { Case, Effort } from '../harness/case.ts';
import { BenchDaemon } from '../harness/daemon.ts';
import { plainRow, type Row } from '../harness/row.ts';
import { median } from '../harness/statistics.ts';

const bytesPerMebibyte = 2 ** 20;
/** Additions that one cost is the median of. */
const additions = 9;

/**
 * The whole daemon, a real `skep agent` with its maps, programs and a veth for each endpoint,
 * against a Node process that does nothing.
 */
export const memoryCase: Case = {
  name: 'memory',
  about: 'a real skep agent: resident memory, and adding one endpoint more (a veth each)',
  run: async (effort) => {
    const reason = canUseBpf();
    if (reason !== undefined) return { skipped: reason };
    const daemon = new BenchDaemon();
    try {
      await daemon.start();
      return await rowsOf(daemon, effort);
    } finally {
      await daemon.close();
    }
  },
};

async function rowsOf(daemon: BenchDaemon, effort: Effort): Promise<Row[]> {
  const idle = { name: 'node, idle', value: idleMebibytes() };
  const memory = (name: string): Row =>
    plainRow({ name, unit: 'MiB' }, daemon.residentMebibytes(), idle);
  const rows = [
    plainRow({ name: 'maps in the kernel', unit: 'MiB' }, daemon.mapMebibytes()),
    memory('0 endpoints'),
  ];
  const costs: number[] = [];
  const resident: number[] = [];
  let first: number | undefined;
  for (const count of endpointCounts(effort)) {
    while (costs.length < count) {
      costs.push(await daemon.addEndpoint());
      if (costs.length !== additions) continue;
      first = median(costs);
      rows.push(plainRow({ name: 'adding one to 0', unit: 'ms', samples: additions }, first));
    }
    const about = { name: `adding one to ${count}`, unit: 'ms', samples: additions };
    const reference = first === undefined ? undefined : { name: 'to 0', value: first };
    rows.push(plainRow(about, median(costs.slice(-additions)), reference));
    rows.push(memory(`${count} endpoints`));
    resident.push(daemon.residentMebibytes());
  }
  const [few = 0, many = 0] = endpointCounts(effort);
  const more = ((resident[1]! - resident[0]!) * 100) / (many - few);
  // What was there may have been collected by then: of few endpoints this is nothing to know.
  if (more > 0) rows.push(plainRow({ name: '100 endpoints more', unit: 'MiB' }, more));
  return rows;
}

function endpointCounts({ rules }: Effort): number[] {
  return [rules / 100, rules / 10];
}

function idleMebibytes(): number {
  const parameters = ['-p', 'process.memoryUsage().rss'];
  const { stdout } = spawnSync(process.execPath, parameters, { encoding: 'utf8' });
  return Number(stdout) / bytesPerMebibyte;
}
