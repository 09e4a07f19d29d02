/** Ctrl-C: first it is asked for, then what was made is taken away in order. */

/**
 * A signal that is aborted at the first SIGINT, SIGTERM or SIGHUP (a terminal that was closed). Ask
 * for it before there is something to take away: from then on this process does not die of them.
 */
export function abortedByInterrupt(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => controller.abort());
  }
  return controller.signal;
}

/** Resolves when a signal is aborted, at once where it is already. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
