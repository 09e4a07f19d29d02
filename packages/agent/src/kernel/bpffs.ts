/** The BPF file system that pins live in. */
import { mkdirSync } from 'node:fs';
import { isBpfFileSystem, mountBpfFileSystem, unmountBpfFileSystem } from '@skep/sys';

/** Where systems mount it. */
const USUAL = '/sys/fs/bpf';

/** The mount point of the one that has to be mounted for a folder; `undefined` where one is. */
export function missingBpffs(folder: string): string | undefined {
  const mountPoint = mountPointOf(folder);
  return isBpfFileSystem(mountPoint) ? undefined : mountPoint;
}

/** Makes sure that a folder is there, in a BPF file system. @throws KernelError */
export function mountBpffs(folder: string): void {
  mountBpfFileSystem(mountPointOf(folder));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
}

/** Takes away what was mounted, if it is still there. @throws KernelError */
export function unmountBpffs(mountPoint: string): void {
  if (isBpfFileSystem(mountPoint)) unmountBpfFileSystem(mountPoint);
}

function mountPointOf(folder: string): string {
  return folder.startsWith(`${USUAL}/`) ? USUAL : folder;
}
