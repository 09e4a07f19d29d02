/** Locks on directories that end with their process, however it ends. */
import { readFileSync, statSync } from 'node:fs';
import { Errno } from './abi/errno.ts';
import type { Fd } from './descriptor.ts';
import { syscallResult } from './door.ts';
import { KernelError } from './kernel-error.ts';
import { openPath } from './path.ts';

/** Operations of flock(2). @source include/uapi/asm-generic/fcntl.h */
const FlockOperation = { EXCLUSIVE: 2, WITHOUT_WAITING: 4 } as const;

/** Somebody else has the lock. */
export class LockedError extends Error {
  readonly code = 'ERR_LOCKED';

  constructor(
    readonly path: string,
    /** Absent where it cannot be found out. */
    readonly pid: number | undefined,
  ) {
    super(`lock ${path}: ${pid === undefined ? 'another process' : `process ${pid}`} has it`);
    this.name = 'LockedError';
  }
}

/**
 * Takes an existing directory for whoever holds the descriptor; others may still use what is in it.
 *
 * @returns closing it gives the directory back
 * @throws LockedError; KernelError
 * @source flock(2)
 */
export function lockDirectory(path: string): Fd<'directory'> {
  const fd = openPath('directory', path);
  const operation = FlockOperation.EXCLUSIVE | FlockOperation.WITHOUT_WAITING;
  const errno = -Number(syscallResult('flock', fd.number, operation));
  if (errno <= 0) return fd;
  fd.close();
  if (errno === Errno.EAGAIN) throw new LockedError(path, findHolder(path));
  throw new KernelError('lock directory', errno, { subject: path });
}

/** The process that has a directory, as the kernel lists it. */
function findHolder(path: string): number | undefined {
  const { dev, ino } = statSync(path, { bigint: true });
  return parseHolder(readFileSync('/proc/locks', 'utf8'), `${deviceText(dev)}:${ino}`);
}

/**
 * Reads `/proc/locks`.
 *
 * @param file such as `fe:00:131`: device in hexadecimal, inode in decimal
 * @source Documentation/filesystems/proc.rst
 */
export function parseHolder(text: string, file: string): number | undefined {
  for (const line of text.split('\n')) {
    const [, kind, , , pid, found] = line.trim().split(/\s+/);
    if (kind === 'FLOCK' && found === file && Number(pid) > 0) return Number(pid);
  }
  return undefined;
}

/** Major and minor number as the C library packs them. @source makedev(3) */
function deviceText(device: bigint): string {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xffff_f000n);
  const minor = (device & 0xffn) | ((device >> 12n) & 0xffff_ff00n);
  return [major, minor].map((each) => each.toString(16).padStart(2, '0')).join(':');
}
