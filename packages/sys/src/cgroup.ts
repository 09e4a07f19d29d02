/**
 * Control groups of the unified hierarchy: made below the root, entered for a moment by this
 * process, removed.
 */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isPromise } from 'node:util/types';
import { findCgroupMount } from './mount.ts';

/** Makes a control group below the root one and returns its directory. @throws Error EEXIST */
export function createCgroup(name: string): string {
  if (!/^[\w.-]{1,64}$/.test(name)) {
    throw new TypeError(`control group name '${name}': expected a file name`);
  }
  const path = join(findCgroupMount(), name);
  mkdirSync(path);
  return path;
}

/** Removes a control group without processes. @throws Error EBUSY while there are some */
export function deleteCgroup(path: string): void {
  rmdirSync(path);
}

/**
 * Runs `task` with this process inside a control group, and comes back whatever happens. Sockets
 * that `task` makes belong to the group for good. `task` must not be asynchronous: what runs after
 * its first `await` would be outside again.
 *
 * @throws TypeError when `task` gives a promise
 */
export function inCgroup<T>(path: string, task: () => T): T {
  const home = ownCgroup();
  enter(path);
  try {
    const result = task();
    if (isPromise(result)) {
      throw new TypeError('run in control group: expected a synchronous function');
    }
    return result;
  } finally {
    enter(home);
  }
}

function enter(path: string): void {
  writeFileSync(join(path, 'cgroup.procs'), String(process.pid));
}

/** @source man 7 cgroups: the line of hierarchy 0 is that of the unified one */
function ownCgroup(): string {
  const line = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'));
  if (!line) throw new Error('find own control group: /proc/self/cgroup has no line 0::');
  return join(findCgroupMount(), line[1]!);
}
