/** A way to the agent on which answers get lost, as when it is killed after its work is done. */
import { connect, createServer, type Socket } from 'node:net';

/** Where to ask, until it is closed. */
export interface LossySocket {
  readonly path: string;
  /** How many answers were lost so far. */
  readonly lost: number;
  close(): void;
}

/**
 * Passes on what is asked; instead of an answer the connection ends.
 *
 * @param count how many answers are lost, the first ones
 */
export async function openLossySocket(
  path: string,
  target: string,
  count: number,
): Promise<LossySocket> {
  const open = new Set<Socket>();
  const found = { path, lost: 0, close };
  const server = createServer((asking) => {
    const agent = connect(target);
    for (const socket of [asking, agent]) open.add(socket.on('error', () => {}));
    asking.pipe(agent);
    agent.on('data', (answer) => {
      if (found.lost >= count) {
        asking.write(answer);
        return;
      }
      found.lost++;
      asking.destroy();
      agent.destroy();
    });
    agent.on('end', () => asking.end());
    asking.on('close', () => agent.destroy());
  });
  function close(): void {
    server.close();
    for (const socket of open) socket.destroy();
  }
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return found;
}
