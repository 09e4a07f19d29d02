/**
 * Network namespaces of the calling thread. Everything here is synchronous: the thread is back in
 * its own namespace before any other JavaScript can run.
 */
import { access, closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { isPromise } from 'node:util/types';
import { Errno } from './abi/errno.ts';
import { CloneFlag } from './abi/namespace.ts';
import type { Fd } from './descriptor.ts';
import { syscall } from './door.ts';
import { KernelError } from './kernel-error.ts';
import { bindMount, shareMount, unmount } from './mount.ts';
import { openPath } from './path.ts';

/** Where `ip netns` keeps names, one file each. */
export const NAMED_NAMESPACES_DIRECTORY = '/run/netns';

/** The network namespace that the calling thread is in. */
export function openOwnNetworkNamespace(): Fd<'namespace'> {
  return openPath('namespace', '/proc/thread-self/ns/net');
}

/** A network namespace by its path, such as `/run/netns/NAME` or `/proc/PID/ns/net`. */
export function openNetworkNamespace(path: string): Fd<'namespace'> {
  return openPath('namespace', path);
}

/**
 * The path under which a named network namespace is found.
 *
 * @throws TypeError for a name with `/`
 */
export function namedNamespacePath(name: string): string {
  if (!/^[^/\0]{1,255}$/.test(name) || name === '.' || name === '..') {
    throw new TypeError(`network namespace name '${name}': expected a file name`);
  }
  return `${NAMED_NAMESPACES_DIRECTORY}/${name}`;
}

/**
 * Runs `task` with the calling thread inside a network namespace, and comes back whatever happens.
 *
 * Sockets and BPF attachments that `task` makes belong to that namespace for good. `task` must not
 * be asynchronous: what runs after its first `await` would be outside again.
 *
 * @throws KernelError when the namespace cannot be entered; TypeError when `task` gives a promise
 */
export function inNetworkNamespace<T>(where: string | Fd<'namespace'>, task: () => T): T {
  const inside = typeof where === 'string' ? openNetworkNamespace(where) : where;
  try {
    return away(() => enterNetworkNamespace(inside), task);
  } finally {
    if (typeof where === 'string') inside.close();
  }
}

/** Runs `task` inside a new, nameless network namespace, which ends with its last user. */
export function inNewNetworkNamespace<T>(task: () => T): T {
  return away(() => {
    const operation = 'make network namespace';
    syscall('unshare', [CloneFlag.NEWNET], { operation, advice: 'needs root' });
  }, task);
}

/**
 * Makes a network namespace that `ip netns` shows: a bind mount of it on `/run/netns/NAME`. Its
 * loopback interface is down.
 *
 * @throws KernelError, EEXIST when the name is taken
 */
export function createNamedNetworkNamespace(name: string): void {
  const path = namedNamespacePath(name);
  prepareNamesDirectory();
  createMountPoint(path);
  try {
    inNewNetworkNamespace(() => bindMount('/proc/thread-self/ns/net', path));
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  }
}

/**
 * Removes the name. The namespace itself ends, with its interfaces, once nothing uses it any more.
 *
 * @returns false where no such name was there
 * @throws KernelError
 */
export function deleteNamedNetworkNamespace(name: string): boolean {
  const path = namedNamespacePath(name);
  try {
    unmount(path);
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    if (error.errno === Errno.ENOENT) return false;
    // EINVAL: a file without a mount, left by whoever died between the two steps of creation.
    if (error.errno !== Errno.EINVAL) throw error;
  }
  rmSync(path, { force: true });
  return true;
}

function enterNetworkNamespace(namespace: Fd<'namespace'>): void {
  const operation = 'enter network namespace';
  syscall('setns', [namespace.number, CloneFlag.NEWNET], { operation });
}

function away<T>(leave: () => void, task: () => T): T {
  startThreadPool();
  const home = openOwnNetworkNamespace();
  try {
    leave();
    try {
      const result = task();
      if (isPromise(result)) {
        throw new TypeError('run in network namespace: expected a synchronous function');
      }
      return result;
    } finally {
      comeBack(home);
    }
  } finally {
    home.close();
  }
}

/** A thread in the wrong namespace would attach to the wrong devices: rather no process at all. */
function comeBack(home: Fd<'namespace'>): void {
  try {
    enterNetworkNamespace(home);
  } catch (error) {
    process.stderr.write(`return to own network namespace: ${String(error)}\n`);
    process.abort();
  }
}

let isThreadPoolStarted = false;

/**
 * New threads inherit the namespace of the thread that starts them. Node starts its pool at the
 * first asynchronous file operation: it must not be one made inside a foreign namespace.
 */
function startThreadPool(): void {
  if (isThreadPoolStarted) return;
  access('/', () => undefined);
  isThreadPoolStarted = true;
}

/**
 * As `ip netns` does it: a shared mount, so that names made here are seen in other mount
 * namespaces.
 */
function prepareNamesDirectory(): void {
  mkdirSync(NAMED_NAMESPACES_DIRECTORY, { recursive: true, mode: 0o755 });
  try {
    shareMount(NAMED_NAMESPACES_DIRECTORY);
  } catch (error) {
    if (!(error instanceof KernelError) || error.errno !== Errno.EINVAL) throw error;
    bindMount(NAMED_NAMESPACES_DIRECTORY, NAMED_NAMESPACES_DIRECTORY, { isRecursive: true });
    shareMount(NAMED_NAMESPACES_DIRECTORY);
  }
}

function createMountPoint(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0));
  } catch (cause) {
    const isTaken = (cause as NodeJS.ErrnoException).code === 'EEXIST';
    if (!isTaken) throw cause;
    throw new KernelError('create network namespace', Errno.EEXIST, { subject: path, cause });
  }
}
