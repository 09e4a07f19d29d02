/** One agent for one state directory and one folder of pins: two would write the same tables. */
import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import { type Fd, LockedError, lockDirectory } from '@skep/sys';

/** Another agent has the directory, and is alive. */
export class AgentRunningError extends Error {
  readonly code = 'ERR_AGENT_RUNNING';
  /** In words. */
  readonly holder: string;

  constructor(directory: string, pid: number | undefined, options: ErrorOptions = {}) {
    const holder = pid === undefined ? 'another process' : `the agent with pid ${pid}`;
    super(`lock ${directory}: ${holder} has it (stop it first)`, options);
    this.holder = holder;
  }
}

/**
 * Takes a directory for this process; it is given back when the process ends, however it does.
 *
 * @throws AgentRunningError
 */
export function takeDirectory(directory: string): Fd<'directory'> {
  try {
    return lockDirectory(directory);
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
    throw new AgentRunningError(directory, error.pid, { cause: error });
  }
}

/**
 * Makes a directory for its owner alone, and those above it.
 *
 * @returns takes away those that were not there before, as far as they are empty
 */
export function makeDirectory(directory: string): () => void {
  const first = mkdirSync(directory, { recursive: true, mode: 0o700 });
  return () => {
    if (first === undefined) return;
    const above = relative(first, resolve(directory)).split(sep).filter(Boolean).length;
    for (let up = 0; up <= above; up++) removeIfEmpty(resolve(directory, '../'.repeat(up)));
  };
}

/** Those on the way to some directories that are not there, the deepest ones first. */
export function missingFolders(directories: readonly string[]): string[] {
  const missing = new Set<string>();
  for (const directory of directories) {
    for (let path = resolve(directory); !existsSync(path); path = dirname(path)) missing.add(path);
  }
  return [...missing].sort((left, right) => right.length - left.length);
}

/** Not there, in use, or something else by now. */
const STAYS: ReadonlySet<string | undefined> = new Set([
  'ENOENT',
  'ENOTEMPTY',
  'ENOTDIR',
  'EPERM',
  'EBUSY',
]);

/** A directory that something of somebody else is in stays, as one that is not there. */
export function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    if (!STAYS.has((error as NodeJS.ErrnoException).code)) throw error;
  }
}
