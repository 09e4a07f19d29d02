/** Conditional jumps by RFC 9669, section 4.3: operands, and which comparisons hold of them. */
import type { Comparison } from '../asm/opcodes.ts';

/** The comparisons that hold; of all others the opposite is tested. */
export type JumpRow = readonly [left: bigint, right: bigint, holds: readonly Comparison[]];

const MIN_SIGNED = 0x8000_0000_0000_0000n;

/** All 64 bits are compared. */
export const jumps64: readonly JumpRow[] = [
  [1n, 1n, ['eq', 'ge', 'le', 'sge', 'sle', 'set']],
  [1n, 2n, ['ne', 'lt', 'le', 'slt', 'sle']],
  [-1n, 1n, ['ne', 'gt', 'ge', 'slt', 'sle', 'set']],
  [MIN_SIGNED, 0n, ['ne', 'gt', 'ge', 'slt', 'sle']],
  [0x1_0000_0000n, 1n, ['ne', 'gt', 'ge', 'sgt', 'sge']],
  [0x1_ffff_ffffn, 0x2_0000_0000n, ['ne', 'lt', 'le', 'slt', 'sle']],
  [-2n, -1n, ['ne', 'lt', 'le', 'slt', 'sle', 'set']],
  [0x1_8000_0000n, 0x1_7fff_ffffn, ['ne', 'gt', 'ge', 'sgt', 'sge', 'set']],
];

/** Only the low 32 bits are compared. */
export const jumps32: readonly JumpRow[] = [
  [0xaaaa_aaaa_0000_0001n, 0x5555_5555_0000_0001n, ['eq', 'ge', 'le', 'sge', 'sle', 'set']],
  [0x1_0000_0000n, 1n, ['ne', 'lt', 'le', 'slt', 'sle']],
  [-1n, 1n, ['ne', 'gt', 'ge', 'slt', 'sle', 'set']],
  [0x8000_0000n, 0n, ['ne', 'gt', 'ge', 'slt', 'sle']],
  [0x7fff_ffffn, 0x8000_0000n, ['ne', 'lt', 'le', 'sgt', 'sge']],
  [-2n, -1n, ['ne', 'lt', 'le', 'slt', 'sle', 'set']],
];
