/**
 * Shows: several sockets that share one port, and a program that says which one gets a datagram.
 * You will see: texts that begin with "a" at the first socket, all others at the second.
 * Needs: root, Linux 5.8. Loopback of a namespace and a control group that end with the process.
 * Now change this line: `head.letter === 97` to 98, the letter "b".
 */
import { attachReuseport, loadProgram, openSocketMap } from '@skep/bpf';
import { be32, type ReuseportContext, SkAction, SocketArray, Struct, u8 } from '@skep/ebpf';
import { setSocketOption, SocketLevel, SocketOption } from '@skep/sys';
import { Loopback } from './lib/loopback.ts';
import { runExample } from './lib/run.ts';

/** A UDP header and the first byte behind it. */
export class Head extends Struct({ ports: be32, lengths: be32, letter: u8 }) {}
/** The sockets of the port. */
export const group = new SocketArray({ name: 'group', maxEntries: 2 });

/** Sees the datagram from its UDP header on. */
export function share(ctx: ReuseportContext): SkAction {
  const head = ctx.at(Head, 0);
  if (!head) return SkAction.Drop;
  return group.select(ctx, head.letter === 97 ? 0 : 1) < 0 ? SkAction.Drop : SkAction.Pass;
}

runExample(import.meta.url, (programs) => {
  const loopback = new Loopback();
  const sockets = openSocketMap(group);
  const members = [0, 1].map((index) => {
    const member = loopback.datagrams('127.0.0.1:8000', (socket) =>
      setSocketOption(socket, SocketLevel.SOCKET, SocketOption.REUSEPORT, 1),
    );
    sockets.update(index, member.socket);
    return member;
  });
  const program = loadProgram(programs('share'), { maps: { group: sockets.map } });
  attachReuseport(program, members[0]!.socket);

  const sender = loopback.datagrams('127.0.0.1:0');
  for (const text of ['apple', 'pear', 'plum', 'almond']) sender.send(text, '127.0.0.1:8000');
  for (const [index, member] of members.entries()) {
    console.log(`socket ${index}: ${member.receive()}, ${member.receive()}`);
  }
});
