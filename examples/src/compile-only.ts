/**
 * Shows: what becomes of a kernel program in TypeScript, with no kernel involved.
 * You will see: the program's lines with the instructions made from them, and its verdict on two
 * packets, given by the machine of `@skep/bytecode`, which runs anywhere.
 * Needs: nothing; no root and no Linux.
 * Now change this line: `return XdpAction.Drop` to `XdpAction.Transmit`.
 */
import { formatProgram, Machine } from '@skep/bytecode';
import { XdpAction, type XdpContext } from '@skep/ebpf';
import { EtherType, EthernetHeader, IpProtocol, Ipv4Header, makeFrame } from '@skep/wire';
import { runExample } from './lib/run.ts';

/** Drops pings, lets all else pass. */
export function dropIcmp(ctx: XdpContext): XdpAction {
  const ethernet = ctx.at(EthernetHeader, 0);
  if (!ethernet || ethernet.type !== EtherType.IPv4) return XdpAction.Pass;
  const ip = ctx.at(Ipv4Header, EthernetHeader.size);
  if (!ip || ip.protocol !== IpProtocol.ICMP) return XdpAction.Pass;
  return XdpAction.Drop;
}

runExample(import.meta.url, (programs) => {
  const object = programs('dropIcmp');
  console.log(formatProgram(object));

  const program = new Machine().load(object);
  const ends = {
    sourceMac: '02:00:00:00:00:01',
    destinationMac: '02:00:00:00:00:02',
    source: '10.0.0.1',
    destination: '10.0.0.2',
  };
  const packets = {
    'a ping': makeFrame({ ...ends, icmp: { type: 8 } }),
    'a datagram': makeFrame({ ...ends, udp: { sourcePort: 4000, destinationPort: 53 } }),
  };
  for (const [name, packet] of Object.entries(packets)) {
    const { returnValue, instructionsExecuted } = program.run({ packet });
    console.log(`${name}: ${XdpAction[returnValue]} after ${instructionsExecuted} instructions`);
  }
});
