/** Pins: names in a BPF file system that keep maps, programs and links alive without a process. */
import { mkdirSync, readlinkSync, rmSync } from 'node:fs';
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
import { PinnedKindError } from './errors.ts';

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
 * @throws PinnedKindError when another kind is pinned there; KernelError
 */
export function openPinnedObject<Kind extends PinnedKind>(
  kind: Kind,
  path: string,
): Fd<Kind> | undefined {
  const { object } = BpfAttribute;
  const attribute = new Attribute(object.size).setPointer(object.pathname, cString(path));
  try {
    const operation = `open pinned ${kind}`;
    const fd = new Fd(kind, bpf(BpfCommand.OBJ_GET, attribute, { operation, subject: path }));
    requireKind(fd, path);
    return fd;
  } catch (error) {
    if (error instanceof KernelError && error.errno === Errno.ENOENT) return undefined;
    throw error;
  }
}

/** How the kernel names the files behind descriptors, such as `anon_inode:bpf-map`. */
const fileNames: Readonly<Record<PinnedKind, RegExp>> = {
  map: /bpf-map$/,
  program: /bpf-prog$/,
  link: /bpf[-_]link$/,
};

/** OBJ_GET opens whatever is there, and its info would be read as that of another kind. */
function requireKind(fd: Fd<PinnedKind>, path: string): void {
  const name = readlinkSync(`/proc/self/fd/${fd.number}`);
  if (fileNames[fd.kind].test(name)) return;
  fd.close();
  throw new PinnedKindError(path, name, fd.kind);
}

/** Removes the name; the object lives on while something else holds it. Absence is no error. */
export function unpinObject(path: string): void {
  rmSync(path, { force: true });
}
