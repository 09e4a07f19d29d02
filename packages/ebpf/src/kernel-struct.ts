/**
 * Structs of the kernel itself, of which a program declares only the fields that it reads. Where
 * they lie differs from kernel to kernel: the loader looks it up in the running kernel's BTF.
 */
import type { AnyInteger, ValueOf } from './struct.ts';

/** A pointer to another struct of the kernel. */
export class KernelPointer<F extends KernelFields = KernelFields> {
  constructor(readonly to: KernelStruct<F>) {}
}

/** What can be read of a struct of the kernel. */
export type KernelFields = Readonly<Record<string, AnyInteger | KernelPointer>>;

/** The declaration: which fields there are, by the kernel's names for them. */
export class KernelStruct<F extends KernelFields = KernelFields> {
  constructor(
    /** Without `struct`. */
    readonly name: string,
    readonly fields: F,
  ) {}
}

/** What a program sees of a struct of the kernel. Reading through a bad pointer gives 0. */
export type KernelView<S> =
  S extends KernelStruct<infer F>
    ? {
        readonly [K in keyof F]: F[K] extends KernelPointer<infer G>
          ? KernelView<KernelStruct<G>>
          : ValueOf<F[K]>;
      }
    : never;

/**
 * Declares a struct of the kernel. A name may be a path into structs inside, such as `tstamp.sec`.
 *
 * @example export const NetDevice = kernelStruct('net_device', { ifindex: s32, mtu: u32 });
 */
export function kernelStruct<F extends KernelFields>(name: string, fields: F): KernelStruct<F> {
  return new KernelStruct(name, fields);
}

/** A field that points to another struct of the kernel. */
export function pointerTo<F extends KernelFields>(struct: KernelStruct<F>): KernelPointer<F> {
  return new KernelPointer(struct);
}
