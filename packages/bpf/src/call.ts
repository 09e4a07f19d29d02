/** bpf(2) with errors that say what was done to what. */
import { bpfResult, Errno, KernelError, type KernelErrorOptions } from '@skep/sys';
import type { Attribute } from './attribute.ts';

/** What a call does, in the words that an error will show. */
export interface Intent extends KernelErrorOptions {
  /** A verb and a noun, such as `create map`. */
  readonly operation: string;
}

/** What to try when the kernel says EPERM. */
export const PERMISSION_ADVICE = 'needs root, or CAP_BPF and CAP_NET_ADMIN';

/** The result of one command. @throws KernelError when the kernel refuses */
export function bpf(command: number, attribute: Attribute, intent: Intent): number {
  const result = bpfResult(command, attribute.bytes);
  if (result < 0) throw bpfError(-result, intent);
  return result;
}

/** The error for an errno, with advice where EPERM is the whole answer. */
export function bpfError(errno: number, intent: Intent): KernelError {
  const advice = intent.advice ?? (errno === Errno.EPERM ? PERMISSION_ADVICE : undefined);
  return new KernelError(intent.operation, errno, {
    ...intent,
    ...(advice === undefined ? {} : { advice }),
  });
}
