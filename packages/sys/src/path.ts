/** Paths as the kernel takes them: bytes that end in a zero. */
import { OpenFlag } from './abi/namespace.ts';
import { Fd, type FdKind } from './descriptor.ts';
import { syscall } from './door.ts';

/** The text with the zero that ends it for C. @throws TypeError when it holds a zero itself */
export function cString(text: string): Uint8Array {
  if (text.includes('\0')) throw new TypeError(`path '${text}': expected no zero byte`);
  return Buffer.from(`${text}\0`, 'utf8');
}

const AT_FDCWD = -100;

/** Opens an existing file for reading, closed on exec. @throws KernelError */
export function openPath<Kind extends FdKind>(kind: Kind, path: string): Fd<Kind> {
  const registers = [AT_FDCWD, cString(path), OpenFlag.RDONLY | OpenFlag.CLOEXEC, 0];
  const options = { operation: `open ${kind}`, subject: path };
  return new Fd(kind, syscall('openat', registers, options));
}
