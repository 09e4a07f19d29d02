/**
 * Shows: what a process sends through one socket comes out of another one, without passing TCP.
 * You will see: two connections that are joined in the kernel: the left client's words reach the
 * right client; words that begin with "!" are refused at once.
 * Needs: root, Linux 5.8. Loopback of a namespace and a control group that end with the process.
 * Now change this line: `SocketEnd.Receive` to `SocketEnd.Send`: the right server gets them.
 */
import { attachSocketMap, loadProgram, openSocketMap } from '@skep/bpf';
import { type MessageContext, SkAction, SocketEnd, SocketHash, Struct, u8, u32 } from '@skep/ebpf';
import { Loopback } from './lib/loopback.ts';
import { runExample } from './lib/run.ts';

/** The first byte of a message. */
export class Head extends Struct({ letter: u8 }) {}
/** Own port -> socket. */
export const sockets = new SocketHash({ name: 'sockets', key: u32, maxEntries: 16 });

/** Runs for each send of a socket in the map. */
export function join(ctx: MessageContext): SkAction {
  const head = ctx.at(Head, 0);
  if (!head || head.letter === 33) return SkAction.Drop;
  return sockets.redirect(ctx, 9002, SocketEnd.Receive);
}

runExample(import.meta.url, (programs) => {
  const loopback = new Loopback();
  const table = openSocketMap(sockets);
  attachSocketMap(loadProgram(programs('join'), { maps: { sockets: table.map } }), table.map);

  const { accept } = loopback.listen('127.0.0.1:8000');
  const [left, right] = [9001, 9002].map((port) => {
    const client = loopback.connect('127.0.0.1:8000');
    table.update(port, client.socket);
    return { client, server: accept()! };
  });
  left!.client.send('hello');
  console.log(`right client: ${right!.client.receive()}`);
  console.log(`left server: ${left!.server.receive() ?? 'nothing'}`);
  try {
    left!.client.send('!shout');
  } catch (error) {
    console.log((error as Error).message);
  }
});
