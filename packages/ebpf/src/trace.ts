/** Printing from a kernel program, to find a mistake. */
import { u64 } from './integers.ts';
import { variables } from './variables.ts';

/** Where `trace` remembers when it printed last, so that a flood of packets prints little. */
export const traceState = variables({
  name: 'skep_trace',
  fields: { lastNanoseconds: u64, suppressed: u64 },
});

/** At most one line in so many nanoseconds; what comes in between is counted. */
export const traceIntervalNanoseconds = 10_000_000;

/**
 * Prints a line to the kernel's trace (/sys/kernel/tracing/trace_pipe): printf's `%d %u %x %llu`
 * and up to three integers. It is there only in programs that were compiled with `traces`; in all
 * others it costs nothing.
 *
 * @alias bpf_trace_printk
 */
export function trace(_format: string, ..._values: number[]): void {
  throw new Error('trace runs in the kernel only');
}
