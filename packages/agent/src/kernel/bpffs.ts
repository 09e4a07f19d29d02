/** The BPF file system that pins live in. */
import { mkdirSync } from 'node:fs';
import { isBpfFileSystem, mountBpfFileSystem } from '@skep/sys';

/** Where systems mount it. */
const USUAL = '/sys/fs/bpf';

/**
 * Makes sure that a folder is in a BPF file system, mounting one where there is none.
 *
 * @returns the mount point of one that was mounted for it
 * @throws KernelError
 */
export function prepareBpffs(folder: string): string | undefined {
  const mountPoint = folder.startsWith(`${USUAL}/`) ? USUAL : folder;
  const mounted = mountBpfFileSystem(mountPoint) ? mountPoint : undefined;
  if (!isBpfFileSystem(folder)) mkdirSync(folder, { recursive: true, mode: 0o700 });
  return mounted;
}
