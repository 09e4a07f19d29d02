/**
 * Shows: an AF_XDP socket: whole frames that come to node past the kernel's stack, and leave so.
 * You will see: each datagram comes back to its sender, answered by node; nobody else sees one.
 * Needs: root, Linux 5.9. The packets pass between two namespaces that end with the process.
 * Now change this line: `table.update(0, socket.fd)` to be left out: the frames go up the stack.
 */
import { attachXdp, loadProgram, openSocketMap } from '@skep/bpf';
import { XdpAction, type XdpContext, XskMap } from '@skep/ebpf';
import { XdpSocket } from '@skep/sys';
import { makeFrame } from '@skep/wire';
import { makePair, toRight, wait } from './lib/pair.ts';
import { runExample } from './lib/run.ts';

/** Receive queue -> who reads its frames. */
export const readers = new XskMap({ name: 'readers', maxEntries: 4 });

/** To the reader of the frame's queue; without one it goes on as ever. */
export function handOver(ctx: XdpContext): XdpAction {
  return readers.redirect(ctx.rxQueueIndex, XdpAction.Pass);
}

/** The sender's and the receiver's MAC address change places. */
function turned(frame: Uint8Array): Uint8Array {
  return Uint8Array.of(...frame.subarray(6, 12), ...frame.subarray(0, 6), ...frame.subarray(12));
}

runExample(import.meta.url, async (programs) => {
  const { left, right } = makePair();
  const table = openSocketMap(readers);
  const program = loadProgram(programs('handOver'), { maps: { readers: table.map } });
  right.inside(() => attachXdp({ program, ifindex: right.ifindex, mode: 'native' }));
  const socket = right.inside(() => new XdpSocket({ interfaceIndex: right.ifindex }));
  table.update(0, socket.fd);

  const frame = makeFrame({ ...toRight, udp: { sourcePort: 4000, destinationPort: 53 } });
  for (let count = 0; count < 3; count++) left.send(frame);
  await wait(50);
  const answers: Uint8Array[] = [];
  console.log(`node reads: ${socket.receive((each) => answers.push(turned(each)))}`);
  for (const answer of answers) socket.send(answer);
  console.log(`come back: ${(await left.received()).length}`);
  console.log(`the stack sees: ${(await right.received()).length}`);
});
