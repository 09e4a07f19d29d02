/**
 * Shows: one socket that listens on every port of a range, without being bound to any of them.
 * You will see: connections to ports 7000 to 7009 arrive at the socket of port 8000, one to port
 * 7010 is refused.
 * Needs: root, Linux 5.9. Loopback of a namespace and a control group that end with the process.
 * Now change this line: `ctx.localPort > 7009` to `ctx.localPort > 7010`.
 */
import { attachSocketLookup, loadProgram, openSocketMap } from '@skep/bpf';
import { SkAction, type SocketLookupContext, SocketMap } from '@skep/ebpf';
import { Loopback } from './lib/loopback.ts';
import { runExample } from './lib/run.ts';

/** The socket that gets the connections. */
export const target = new SocketMap({ name: 'target', maxEntries: 1 });

/** Runs for each packet that asks for a new connection. */
export function steer(ctx: SocketLookupContext): SkAction {
  if (ctx.localPort < 7000 || ctx.localPort > 7009) return SkAction.Pass;
  return target.assign(ctx, 0) < 0 ? SkAction.Drop : SkAction.Pass;
}

runExample(import.meta.url, (programs) => {
  const loopback = new Loopback();
  const sockets = openSocketMap(target);
  const { socket, accept } = loopback.listen('127.0.0.1:8000');
  sockets.update(0, socket);
  const program = loadProgram(programs('steer'), { maps: { target: sockets.map } });
  attachSocketLookup(program, loopback.network.namespace);

  for (const port of [7000, 7009, 7010]) {
    try {
      const client = loopback.connect(`127.0.0.1:${port}`);
      client.send(`to ${port}`);
      console.log(`port 8000 got: ${accept()?.receive()}`);
    } catch (error) {
      console.log(`${port}: ${(error as Error).message}`);
    }
  }
});
