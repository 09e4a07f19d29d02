/** What connects endpoints: netkit devices against veths, with the same agent and programs. */
import { canUseBpf, explainMissing } from '@skep/bpf';
import type { Case } from '../harness/case.ts';
import { clangVersion } from '../harness/clang.ts';
import { BenchDaemon } from '../harness/daemon.ts';
import { pairedRow } from '../harness/row.ts';
import { hasIperf } from '../harness/throughput.ts';
import { measureThroughput, measureTimings, type Way } from '../harness/ways.ts';

const roundsMax = 15;
/** Of the second endpoint, which serves. */
const serverAddress = '10.1.0.2';

/** Between two endpoints of one node. */
export const devicesCase: Case = {
  name: 'devices',
  about: 'TCP between two endpoints behind netkit devices, against two behind veths',
  run: async (effort) => {
    const reason = whatIsMissing();
    if (reason !== undefined) return { skipped: reason };
    const rounds = Math.min(effort.rounds, roundsMax);
    const daemons: BenchDaemon[] = [];
    try {
      const ways: Way[] = [];
      for (const kind of ['netkit', 'veth'] as const) {
        const daemon = new BenchDaemon(['--device', kind]);
        daemons.push(daemon);
        ways.push(await wayBetween(daemon, kind));
      }
      const measured = [
        await measureThroughput(ways, { ...effort, rounds }),
        ...(await measureTimings(ways, 'request', { ...effort, rounds })),
        ...(await measureTimings(ways, 'connection', { ...effort, rounds })),
      ];
      return measured.map(({ name, unit, samples }) => {
        const about = { name, unit, referenceName: 'veth' };
        return pairedRow(about, samples.get('netkit')!, samples.get('veth')!);
      });
    } finally {
      for (const daemon of daemons) await daemon.close();
    }
  },
};

function whatIsMissing(): string | undefined {
  const reason = canUseBpf() ?? explainMissing('netkit');
  if (reason !== undefined) return reason;
  if (!hasIperf()) return 'iperf3 is not installed';
  return clangVersion() ? undefined : 'clang is not installed';
}

async function wayBetween(daemon: BenchDaemon, name: string): Promise<Way> {
  await daemon.start();
  for (let count = 0; count < 2; count++) await daemon.addEndpoint();
  const [client, server] = (await daemon.client.listEndpoints()).map((endpoint) => {
    if (endpoint.deviceKind !== name) {
      throw new Error(`endpoint ${endpoint.name}: a ${endpoint.deviceKind}, expected a ${name}`);
    }
    return endpoint.networkNamespace;
  });
  return { name, client: client!, server: server!, address: serverAddress };
}
