/** Other processes: whether one that was seen before is still there. */
import { readFileSync } from 'node:fs';
import { checkInteger } from './integers.ts';

/**
 * One process for good: its number is given to another after its end, the start time tells them
 * apart.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from boot to the start of the process, as decimal digits. */
  readonly startTicks: string;
  /** Differs from boot to boot. */
  readonly bootId: string;
}

/**
 * The identity of a running process, to be written down and compared after a restart.
 *
 * @returns `undefined` where no such process runs; one that has ended and was not waited for counts
 *   as ended
 */
export function readProcessIdentity(pid: number): ProcessIdentity | undefined {
  checkInteger(pid, 'process number', 1, 0x7fff_ffff);
  const startTicks = readStartTicks(pid);
  if (startTicks === undefined) return undefined;
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return { pid, startTicks, bootId };
}

/** Whether the very process that was written down still runs. */
export function isProcessAlive(identity: ProcessIdentity): boolean {
  const now = readProcessIdentity(identity.pid);
  return now?.startTicks === identity.startTicks && now.bootId === identity.bootId;
}

/**
 * @source Documentation/filesystems/proc.rst, /proc/PID/stat: field 3 is the state, 22 the start
 */
function readStartTicks(pid: number): string | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
  // Field 2, the command, may hold spaces and parentheses: fields are counted from its last ')'.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields[0], fields[19]];
  return state === 'Z' || state === 'X' ? undefined : startTicks;
}
