/** Doing something again whenever a module changes. */
import { watch } from 'node:fs/promises';
import path from 'node:path';

/** Editors write a file in several steps; all of them within this time count as one. */
const settleMilliseconds = 100;

/**
 * Runs `body` now, and again after each change of a `.ts` file in the folder of `file` (its imports
 * are often beside it), until the signal aborts. Errors are given to `report`, and end nothing.
 */
export async function watchFile(
  file: string,
  body: () => Promise<void>,
  report: (error: Error) => void,
  signal: AbortSignal,
): Promise<void> {
  const run = async (): Promise<void> => {
    try {
      await body();
    } catch (error) {
      report(error instanceof Error ? error : new Error(String(error)));
    }
  };
  let running = run();
  let timer: NodeJS.Timeout | undefined;
  try {
    for await (const { filename } of watch(path.dirname(path.resolve(file)), { signal })) {
      if (!filename?.endsWith('.ts')) continue;
      clearTimeout(timer);
      timer = setTimeout(() => {
        running = running.then(run);
      }, settleMilliseconds);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
    await running;
  }
}
