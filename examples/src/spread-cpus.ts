/**
 * Shows: packets that another CPU goes on with, chosen at the driver.
 * You will see: all frames arrive, by way of the thread of the CPU in the map.
 * Needs: root, Linux 5.9. The packets pass between two namespaces that end with the process.
 * Now change this line: `cpus.update(0, 64)` to be left out: the packets have nowhere to go.
 */
import { attachXdp, loadProgram, openMap } from '@skep/bpf';
import { ArrayMap, atomic, CpuMap, u64, XdpAction, type XdpContext } from '@skep/ebpf';
import { makeFrame } from '@skep/wire';
import { makePair, toRight } from './lib/pair.ts';
import { runExample } from './lib/run.ts';

/** CPU -> how many packets may wait for it. */
export const workers = new CpuMap({ name: 'workers', maxEntries: 4 });
/** How many packets were handed on. */
export const sent = new ArrayMap({ name: 'sent', value: atomic(u64), maxEntries: 1 });

/** Hands each packet to the first CPU. */
export function spread(_ctx: XdpContext): XdpAction {
  const count = sent.lookup(0);
  if (count) count.value += 1;
  return workers.redirect(0, XdpAction.Drop);
}

runExample(import.meta.url, async (programs) => {
  const { left, right } = makePair();
  const cpus = openMap(workers);
  const count = openMap(sent);
  cpus.update(0, 64);
  const maps = { workers: cpus.map, sent: count.map };
  const program = loadProgram(programs('spread'), { maps });
  right.inside(() => attachXdp({ program, ifindex: right.ifindex, mode: 'native' }));

  const frame = makeFrame({ ...toRight, udp: { sourcePort: 4000, destinationPort: 53 } });
  for (let number = 0; number < 8; number++) left.send(frame);
  const arrived = await right.received();
  console.log(`handed on: ${count.lookup(0)}, arrived: ${arrived.length}`);
});
