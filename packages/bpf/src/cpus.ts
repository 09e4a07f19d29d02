/** How many CPUs the kernel keeps values for. */
import { readFileSync } from 'node:fs';

let possible: number | undefined;

/**
 * CPUs that could ever be there, offline ones included: a per-CPU value has this many parts.
 *
 * @source Documentation/admin-guide/cputopology.rst
 */
export function possibleCpuCount(): number {
  possible ??= parseCpuList(readFileSync('/sys/devices/system/cpu/possible', 'utf8'));
  return possible;
}

/** One more than the highest number in a list such as `0-3,8`. @throws Error for anything else */
export function parseCpuList(text: string): number {
  const list = text.trim();
  if (!/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(list)) {
    throw new Error(`read cpu list '${list}': expected ranges such as 0-3,8`);
  }
  return Math.max(...list.split(/[,-]/).map(Number)) + 1;
}
