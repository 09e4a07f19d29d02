/** Pins: names in a BPF file system that keep maps, programs and links alive without a process. */
import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  BpfAttribute,
  BpfCommand,
  cString,
  Errno,
  Fd,
  isBpfFileSystem,
  KernelError,
} from '@skep/sys';
import { Attribute } from './attribute.ts';
import { bpf } from './call.ts';

/** Kinds of objects that can be pinned. */
export type PinnedKind = 'map' | 'program' | 'link';

/**
 * Pins an object at a path in a BPF file system; directories on the way are made.
 *
 * @throws KernelError: EEXIST when the path is taken, with advice where it is not on a BPF file
 *   system
 */
export function pinObject(fd: Fd<PinnedKind>, path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const { object } = BpfAttribute;
  const attribute = new Attribute(object.size)
    .setPointer(object.pathname, cString(path))
    .setU32(object.bpf_fd, fd.number);
  try {
    bpf(BpfCommand.OBJ_PIN, attribute, { operation: `pin ${fd.kind}`, subject: path });
  } catch (cause) {
    if (!(cause instanceof KernelError) || isBpfFileSystem(dirname(path))) throw cause;
    const advice = `${dirname(path)} is on no bpf file system: see mountBpfFileSystem`;
    const { operation, errno } = cause;
    throw new KernelError(operation, errno, { subject: path, advice, cause });
  }
}

/**
 * Opens a pinned object.
 *
 * @returns `undefined` where the path does not exist
 * @throws KernelError for anything else. The kernel checks that it is a BPF object, not which: the
 *   caller reads its info next
 */
export function openPinnedObject<Kind extends PinnedKind>(
  kind: Kind,
  path: string,
): Fd<Kind> | undefined {
  const { object } = BpfAttribute;
  const attribute = new Attribute(object.size).setPointer(object.pathname, cString(path));
  try {
    const operation = `open pinned ${kind}`;
    return new Fd(kind, bpf(BpfCommand.OBJ_GET, attribute, { operation, subject: path }));
  } catch (error) {
    if (error instanceof KernelError && error.errno === Errno.ENOENT) return undefined;
    throw error;
  }
}

/** Removes the name; the object lives on while something else holds it. Absence is no error. */
export function unpinObject(path: string): void {
  rmSync(path, { force: true });
}
