/** A socket that somebody has removed is made again: nobody could reach the agent any more. */
import { statSync } from 'node:fs';
import type { Server } from 'node:http';
import { listenOnSocket } from '../api/server.ts';

const LOOK_MILLISECONDS = 2000;

/**
 * Looks now and then, until it is told to end.
 *
 * @param server listens there
 * @param mention is told what somebody has done, and what became of it
 */
export function watchSocket(
  server: Server,
  socketPath: string,
  mention: (problem: string) => void,
): () => void {
  let isLooking = false;
  let own = inodeOf(socketPath);
  const look = async (): Promise<void> => {
    const found = inodeOf(socketPath);
    if (found === own) return;
    if (found !== undefined) {
      const advice = 'remove what is there, or restart the agent';
      mention(`somebody has put something else at ${socketPath}: nobody is answered (${advice})`);
      return;
    }
    // Closing takes the path away, too: that comes first. Requests that have begun go on.
    server.close();
    await listenOnSocket(server, socketPath);
    own = inodeOf(socketPath);
    mention(
      `somebody has removed ${socketPath}: it is there again since ${new Date().toISOString()}`,
    );
  };
  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    look()
      .catch((error: unknown) => mention(`${socketPath} is gone: ${String(error)}`))
      .finally(() => {
        isLooking = false;
      });
  }, LOOK_MILLISECONDS).unref();
  return () => clearInterval(timer);
}

/** Another one where somebody has made the file anew. */
function inodeOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}
