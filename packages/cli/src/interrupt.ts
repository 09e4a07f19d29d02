/** Waiting for Ctrl-C. */

/** Resolves at the first SIGINT or SIGTERM; call it before there is something to take away. */
export function untilInterrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve());
  });
}
