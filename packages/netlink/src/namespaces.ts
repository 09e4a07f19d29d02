/** Network namespaces by name, as `ip netns` shows them. */
import { readdirSync } from 'node:fs';
import {
  createNamedNetworkNamespace,
  deleteNamedNetworkNamespace,
  type Fd,
  inNetworkNamespace,
  NAMED_NAMESPACES_DIRECTORY,
  namedNamespacePath,
  openNetworkNamespace,
} from '@skep/sys';

/** Makes a namespace and its name; its loopback device is down. @throws KernelError `EEXIST` */
export function createNamespace(name: string): void {
  createNamedNetworkNamespace(name);
}

/**
 * Takes the name away. The namespace ends, with all its virtual links, when nobody is in it and
 * nobody has it open.
 *
 * @returns false where no such name is. @throws KernelError
 */
export function deleteNamespace(name: string): boolean {
  return deleteNamedNetworkNamespace(name);
}

/** Names in order of the alphabet; none where no name was ever made. */
export function listNamespaces(): string[] {
  try {
    return readdirSync(NAMED_NAMESPACES_DIRECTORY).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** @throws KernelError `ENOENT` where no such name is. */
export function openNamespace(name: string): Fd<'namespace'> {
  return openNetworkNamespace(namedNamespacePath(name));
}

/**
 * Runs a synchronous task with the thread in the namespace.
 *
 * @param name of the namespace. @throws KernelError `ENOENT`; TypeError where the task gives a
 * promise.
 */
export function within<T>(name: string, task: () => T): T {
  return inNetworkNamespace(namedNamespacePath(name), task);
}
