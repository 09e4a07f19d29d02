/**
 * Shows: a map that node fills and a kernel program obeys, from one packet to the next.
 * You will see: packets to port 8080 arrive, then no more, then again.
 * Needs: root, Linux 5.9. The packets pass between two namespaces that end with the process.
 * Now change this line: `const port = 8080` to another port, and see who is not affected.
 */
import { attachXdp, loadProgram, openMap } from '@skep/bpf';
import { be16, bool, HashMap, XdpAction, type XdpContext } from '@skep/ebpf';
import {
  EtherType,
  EthernetHeader,
  IpProtocol,
  Ipv4Header,
  makeFrame,
  UdpHeader,
} from '@skep/wire';
import { makePair, toRight } from './lib/pair.ts';
import { runExample } from './lib/run.ts';

/** The ports that are closed. */
export const closedPorts = new HashMap({
  name: 'closed_ports',
  key: be16,
  value: bool,
  maxEntries: 64,
});

/** Drops datagrams to a closed port. */
export function dropPort(ctx: XdpContext): XdpAction {
  const ethernet = ctx.at(EthernetHeader, 0);
  if (!ethernet || ethernet.type !== EtherType.IPv4) return XdpAction.Pass;
  const ip = ctx.at(Ipv4Header, EthernetHeader.size);
  if (!ip || ip.protocol !== IpProtocol.UDP) return XdpAction.Pass;
  const udp = ctx.at(UdpHeader, EthernetHeader.size + (ip.versionAndLength & 15) * 4);
  if (!udp) return XdpAction.Pass;
  return closedPorts.lookup(udp.destinationPort) ? XdpAction.Drop : XdpAction.Pass;
}

const port = 8080;

runExample(import.meta.url, async (programs) => {
  const { left, right } = makePair();
  const closed = openMap(closedPorts);
  const program = loadProgram(programs('dropPort'), { maps: { closed_ports: closed.map } });
  right.inside(() => attachXdp({ program, ifindex: right.ifindex }));

  const show = async (state: string): Promise<void> => {
    for (const destinationPort of [8080, 8081]) {
      const udp = { sourcePort: 4000, destinationPort };
      left.send(makeFrame({ ...toRight, udp }));
      const arrived = (await right.received()).length > 0;
      console.log(`${state}: to port ${destinationPort} ${arrived ? 'arrives' : 'is dropped'}`);
    }
  };
  await show('all open');
  closed.update(port, true);
  await show(`${port} closed`);
  closed.delete(port);
  await show('all open');
});
