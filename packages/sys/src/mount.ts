/** Mounts: bind mounts, the BPF file system, and finding what is mounted where. */
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Errno } from './abi/errno.ts';
import { FileSystemMagic, MountFlag, UnmountFlag } from './abi/namespace.ts';
import { syscall } from './door.ts';
import { KernelError } from './kernel-error.ts';
import { cString } from './path.ts';

/** Makes what is at `source` appear at `target` too. @throws KernelError */
export function bindMount(
  source: string,
  target: string,
  options: { readonly isRecursive?: boolean } = {},
): void {
  const flags = MountFlag.BIND | (options.isRecursive ? MountFlag.REC : 0);
  const registers = [cString(source), cString(target), cString('none'), flags, null];
  syscall('mount', registers, { operation: 'bind mount', subject: `${source} on ${target}` });
}

/**
 * Lets mounts below `target` spread to other mount namespaces.
 *
 * @throws KernelError, EINVAL where `target` is no mount
 */
export function shareMount(target: string): void {
  const flags = MountFlag.SHARED | MountFlag.REC;
  const registers = [cString(''), cString(target), cString('none'), flags, null];
  syscall('mount', registers, { operation: 'share mount', subject: target });
}

/**
 * Takes the mount away at once; users that are still in it keep it until they leave.
 *
 * @throws KernelError
 */
export function unmount(target: string): void {
  const registers = [cString(target), UnmountFlag.DETACH];
  syscall('umount2', registers, { operation: 'unmount', subject: target });
}

/**
 * Makes sure that a BPF file system is at `target`, where pins live.
 *
 * @returns true when it mounted one, false when one was there
 * @throws KernelError
 */
export function mountBpfFileSystem(target: string): boolean {
  mkdirSync(target, { recursive: true, mode: 0o700 });
  if (isBpfFileSystem(target)) return false;
  const registers = [cString('bpf'), cString(target), cString('bpf'), 0, cString('mode=0700')];
  syscall('mount', registers, { operation: 'mount bpf file system', subject: target });
  return true;
}

/**
 * Unmounts what {@link mountBpfFileSystem} mounted and removes the directory; its pins end.
 *
 * @throws KernelError
 */
export function unmountBpfFileSystem(target: string): void {
  unmount(target);
  try {
    rmdirSync(target);
  } catch (error) {
    // A directory of sysfs, such as /sys/fs/bpf, cannot be removed and was not made here.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
  }
}

/** Whether `path` lies in a BPF file system; false where there is nothing. */
export function isBpfFileSystem(path: string): boolean {
  return fileSystemMagic(path) === FileSystemMagic.BPF;
}

function fileSystemMagic(path: string): number | undefined {
  try {
    return statfsSync(path).type;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** One line of `/proc/self/mountinfo`. */
export interface Mount {
  /** Directory of the mounted file system that is visible at `path`. */
  readonly root: string;
  readonly path: string;
  readonly fileSystem: string;
}

/**
 * Reads `/proc/PID/mountinfo`, later mounts last.
 *
 * @source Documentation/filesystems/proc.rst, section 3.5
 */
export function parseMounts(text: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    // The number of optional fields before the hyphen varies: the two halves are read apart.
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root, path] = before.split(' ');
    const [fileSystem] = after.split(' ');
    if (root === undefined || path === undefined || !fileSystem) {
      throw new Error(`read mountinfo line '${line}': expected fields, ' - ', fields`);
    }
    mounts.push({ root: unescapeOctal(root), path: unescapeOctal(path), fileSystem });
  }
  return mounts;
}

/**
 * Runs `task` on the directory where a file system of the kernel is mounted, such as `tracefs`;
 * where it is mounted nowhere, it is for that long, in a directory of its own.
 *
 * @throws KernelError
 */
export function inFileSystem<T>(
  fileSystem: 'tracefs' | 'securityfs',
  task: (path: string) => T,
): T {
  const mounts = parseMounts(readFileSync('/proc/self/mountinfo', 'utf8'));
  const mounted = mounts.find((mount) => mount.fileSystem === fileSystem && mount.root === '/');
  if (mounted) return task(mounted.path);
  const path = mkdtempSync(join(tmpdir(), 'skep-mount-'));
  try {
    const registers = [cString(fileSystem), cString(path), cString(fileSystem), 0, null];
    syscall('mount', registers, { operation: `mount ${fileSystem}`, subject: path });
    try {
      return task(path);
    } finally {
      unmount(path);
    }
  } finally {
    rmdirSync(path);
  }
}

/** The kernel writes space, tab, newline and backslash as three octal digits. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

/**
 * Where the whole unified control group hierarchy is mounted, such as `/sys/fs/cgroup` or, beside
 * the old one, `/sys/fs/cgroup/unified`.
 *
 * @throws KernelError ENOENT where it is mounted nowhere
 */
export function findCgroupMount(): string {
  const mounts = parseMounts(readFileSync('/proc/self/mountinfo', 'utf8'));
  const found = mounts.filter(({ fileSystem }) => fileSystem === 'cgroup2');
  const mount = found.find(({ root }) => root === '/') ?? found[0];
  if (mount) return mount.path;
  throw new KernelError('find cgroup2', Errno.ENOENT, {
    advice: 'mount -t cgroup2 none DIRECTORY',
  });
}
