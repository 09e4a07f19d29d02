/**
 * What the kernel that a program is compiled for can do. The IR is the same for all of them; only
 * code generation looks at this. `codeTarget` of `@skep/bpf` asks the running kernel.
 */
export interface Target {
  /** The instruction that leaves a loop which has turned too often. @since Linux 6.9 */
  readonly mayGoto: boolean;
  /** The functions `bpf_iter_num_*`. @since Linux 6.4 */
  readonly numberIterators: boolean;
}

/** What every supported kernel can do: loops call `bpf_loop`. @since Linux 5.17 */
export const oldestTarget: Target = { mayGoto: false, numberIterators: false };
