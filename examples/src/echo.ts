/**
 * Shows: data that arrives at a socket and goes back where it came from, before any process of the
 * server reads it.
 * You will see: a client that gets its own words back, from a server that does not read.
 * Needs: root, Linux 5.13. Loopback of a namespace and a control group that end with the process.
 * Now change this line: `SocketEnd.Send` to `SocketEnd.Receive`: the server reads it instead.
 */
import { attachSocketMap, loadProgram, openSocketMap } from '@skep/bpf';
import { be32, SocketEnd, SocketHash, Struct, u32 } from '@skep/ebpf';
import type { SkAction, SkbVerdictContext } from '@skep/ebpf';
import { Loopback } from './lib/loopback.ts';
import { runExample } from './lib/run.ts';

/** The other end of a connection. */
export class Peer extends Struct({ address: be32, port: u32 }) {}
/** Peer -> the server's socket. */
export const sockets = new SocketHash({ name: 'sockets', key: Peer, maxEntries: 16 });

/** Runs for data that arrives at a socket in the map. */
export function echo(ctx: SkbVerdictContext): SkAction {
  const peer = new Peer({ address: ctx.remoteIp4, port: ctx.remotePort });
  return sockets.redirect(ctx, peer, SocketEnd.Send);
}

runExample(import.meta.url, (programs) => {
  const loopback = new Loopback();
  const table = openSocketMap(sockets);
  attachSocketMap(loadProgram(programs('echo'), { maps: { sockets: table.map } }), table.map);

  const { accept } = loopback.listen('127.0.0.1:8000');
  const client = loopback.connect('127.0.0.1:8000');
  const server = accept()!;
  const port = Number(server.peer.split(':')[1]);
  table.update({ address: 0x7f000001, port }, server.socket);
  for (const text of ['hello', 'who is there?']) {
    client.send(text);
    console.log(`client: ${client.receive()}`);
  }
  console.log(`server: ${server.receive() ?? 'nothing'}`);
});
