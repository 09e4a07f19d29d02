/** What a thread costs, whoever else wants the processor. */
import { existsSync, readFileSync } from 'node:fs';

const path = '/proc/thread-self/schedstat';

/** Whether the kernel tells. @since Linux 3.17, CONFIG_SCHED_INFO */
export const countsThreadTime = existsSync(path);

/**
 * Nanoseconds for which this thread has had a processor: without the engine's own threads, which
 * compile and collect beside it, and without waiting for others.
 */
export function threadNanoseconds(): number {
  return Number(readFileSync(path, 'utf8').split(' ')[0]);
}
