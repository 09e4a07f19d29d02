/**
 * Shows: a program inside of a netkit pair, which decides what an end sends as it is sent.
 * You will see: a pair that lets nothing through, then only what the program passes.
 * Needs: root, Linux 6.7 with CONFIG_NETKIT. The two namespaces end with the process.
 * Now change this line: `TcAction.Next` at the end to `TcAction.Pass`: both ports are open.
 */
import { attachNetkit, loadProgram } from '@skep/bpf';
import { TcAction, type TcContext } from '@skep/ebpf';
import {
  EtherType,
  EthernetHeader,
  IpProtocol,
  Ipv4Header,
  makeFrame,
  UdpHeader,
} from '@skep/wire';
import { End, toRight } from './lib/pair.ts';
import { runExample } from './lib/run.ts';

/** What is open. */
export const port = 53;

/** Runs for what the far end sends; what it does not pass, the device's own policy decides. */
export function openPort(ctx: TcContext): TcAction {
  const ethernet = ctx.at(EthernetHeader, 0);
  if (!ethernet || ethernet.type !== EtherType.IPv4) return TcAction.Next;
  const ip = ctx.at(Ipv4Header, EthernetHeader.size);
  if (!ip || ip.protocol !== IpProtocol.UDP) return TcAction.Next;
  const udp = ctx.at(UdpHeader, EthernetHeader.size + (ip.versionAndLength & 15) * 4);
  if (udp && udp.destinationPort === port) return TcAction.Pass;
  return TcAction.Next;
}

runExample(import.meta.url, async (programs) => {
  const [host, workload] = [new End(), new End()];
  host.network.links.createNetkit({
    ...{ name: 'wire', mode: 'layer2', policy: 'forward', peerPolicy: 'drop' },
    peer: { name: 'wire', namespaceFd: workload.network.namespace.number },
  });
  host.open();
  workload.open();

  const show = async (state: string): Promise<void> => {
    for (const destinationPort of [port, 80]) {
      const udp = { sourcePort: 4000, destinationPort };
      workload.send(makeFrame({ ...toRight, udp }));
      const arrived = (await host.received()).length > 0;
      console.log(`${state}: to port ${destinationPort} ${arrived ? 'arrives' : 'is dropped'}`);
    }
  };
  await show('closed');
  const program = loadProgram(programs('openPort'));
  const link = host.inside(() => attachNetkit({ program, ifindex: host.ifindex, end: 'peer' }));
  await show(`${port} open`);
  link.close();
  await show('closed');
});
