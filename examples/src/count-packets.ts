/**
 * Shows: a kernel program that counts, and a map that node reads.
 * You will see: how many packets of each IP protocol came by.
 * Needs: root, Linux 5.9. The packets pass between two namespaces that end with the process.
 * Now change this line: `return XdpAction.Pass` at the end to `XdpAction.Drop`: all are counted and
 * none arrives.
 */
import { openMap, attachXdp, loadProgram } from '@skep/bpf';
import { PerCpuArrayMap, u64, XdpAction, type XdpContext } from '@skep/ebpf';
import { EtherType, EthernetHeader, IpProtocol, Ipv4Header, makeFrame } from '@skep/wire';
import { makePair, toRight } from './lib/pair.ts';
import { runExample } from './lib/run.ts';

/** IP protocol -> packets, on each CPU. */
export const counters = new PerCpuArrayMap({ name: 'counters', value: u64, maxEntries: 256 });

/** Runs for every packet that comes by the wire. */
export function countPackets(ctx: XdpContext): XdpAction {
  const ethernet = ctx.at(EthernetHeader, 0);
  if (!ethernet || ethernet.type !== EtherType.IPv4) return XdpAction.Pass;
  const ip = ctx.at(Ipv4Header, EthernetHeader.size);
  if (!ip) return XdpAction.Pass;
  const counter = counters.lookup(ip.protocol);
  if (counter) counter.value += 1;
  return XdpAction.Pass;
}

runExample(import.meta.url, async (programs) => {
  const { left, right } = makePair();
  const counts = openMap(counters);
  const program = loadProgram(programs('countPackets'), { maps: { counters: counts.map } });
  right.inside(() => attachXdp({ program, ifindex: right.ifindex }));

  const ports = { sourcePort: 4000, destinationPort: 80 };
  for (let count = 0; count < 5; count++) left.send(makeFrame({ ...toRight, tcp: ports }));
  for (let count = 0; count < 3; count++) left.send(makeFrame({ ...toRight, udp: ports }));
  left.send(makeFrame({ ...toRight, icmp: { type: 8 } }));

  const arrived = await right.received();
  for (const [protocol, perCpu] of counts.entries()) {
    const packets = perCpu.reduce((sum, count) => sum + count, 0n);
    if (packets > 0n) console.log(`${IpProtocol[protocol] ?? protocol}: ${packets}`);
  }
  console.log(`arrived: ${arrived.length}`);
});
