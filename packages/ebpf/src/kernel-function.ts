/** Functions of the kernel that are no helpers: found by name when a program is loaded. */
import type { AnyInteger } from './struct.ts';

/** What the compiler knows of a function of the kernel. */
export class KernelFunction {
  constructor(
    readonly name: string,
    /** `null`: it returns nothing. */
    readonly returns: AnyInteger | null,
  ) {}
}

/**
 * Declares a function of the kernel (a kfunc). Its parameters are integers, the context, and
 * structs that are passed by address. When a program is loaded, their number and the size of the
 * result are compared with the kernel's own types, and the kernel checks what each of them is.
 *
 * @example export const readLock = kernelFunction<() => void>('bpf_rcu_read_lock', null);
 * @since Linux 5.18
 */
// biome-ignore lint/suspicious/noExplicitAny: the signature is given by the caller
export function kernelFunction<F extends (...parameters: any[]) => unknown>(
  name: string,
  returns: AnyInteger | null,
): F {
  return new KernelFunction(name, returns) as unknown as F;
}
