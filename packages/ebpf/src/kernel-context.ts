/** From a program's context to the kernel's own struct behind it. */
import type { ProgramContext } from './contexts/shapes.ts';
import type { KernelFields, KernelStruct, KernelView } from './kernel-struct.ts';

/**
 * The kernel's own struct behind the context: `sk_buff` of a TC program, `xdp_buff` of an XDP
 * program.
 *
 * @alias bpf_cast_to_kern_ctx
 * @since Linux 6.2
 */
export function kernelContext<F extends KernelFields>(
  _ctx: ProgramContext,
  _struct: KernelStruct<F>,
): KernelView<KernelStruct<F>> {
  throw new Error('kernelContext runs in the kernel only');
}
