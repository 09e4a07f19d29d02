/** What connects endpoints: netkit devices against veths, with the same agent and programs. */
import { canUseBpf, explainMissing } from '@skep/bpf';
import type { Case } from '../harness/case.ts';
import { BenchDaemon } from '../harness/daemon.ts';
import { measureWays, missingTrafficTool, pairedRows, type Way } from '../harness/ways.ts';

const roundsMax = 15;
/** Of the second endpoint, which serves. */
const serverAddress = '10.1.0.2';

/** Between two endpoints of one node. */
export const devicesCase: Case = {
  name: 'devices',
  about: 'TCP between two endpoints behind netkit devices, against two behind veths',
  run: async (effort) => {
    const reason = canUseBpf() ?? explainMissing('netkit') ?? missingTrafficTool();
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
      return pairedRows(await measureWays(ways, { ...effort, rounds }), 'netkit', 'veth');
    } finally {
      for (const daemon of daemons) await daemon.close();
    }
  },
};

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
