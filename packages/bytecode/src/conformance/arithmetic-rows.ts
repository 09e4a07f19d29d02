/**
 * Arithmetic by RFC 9669, section 4.1: operands and results, worked out by hand from its text.
 *
 * Each row is run with the right operand in a register and, where it fits, as an immediate.
 */
import type { ArithmeticOperator } from '../asm/opcodes.ts';

/** left operator right = result; all are reduced to 64 bits. */
export type ArithmeticRow = readonly [left: bigint, right: bigint, result: bigint];

const MAX = 0xffff_ffff_ffff_ffffn;
const MIN_SIGNED = 0x8000_0000_0000_0000n;
const MAX_SIGNED = 0x7fff_ffff_ffff_ffffn;

/** All 64 bits take part. */
export const rows64: Readonly<Record<ArithmeticOperator, readonly ArithmeticRow[]>> = {
  add: [
    [1n, 2n, 3n],
    [0xffff_ffffn, 1n, 0x1_0000_0000n],
    [MAX, 1n, 0n],
    [MAX_SIGNED, 1n, MIN_SIGNED],
    [5n, -7n, -2n],
    [0x8000_0000n, 0x8000_0000n, 0x1_0000_0000n],
    [0x1234_5678_9abc_def0n, 0x0fed_cba9_8765_4321n, 0x2222_2222_2222_2211n],
  ],
  sub: [
    [3n, 2n, 1n],
    [0n, 1n, MAX],
    [0x1_0000_0000n, 1n, 0xffff_ffffn],
    [MIN_SIGNED, 1n, MAX_SIGNED],
    [5n, -7n, 12n],
    [0x1_0000_0000n, 0xffff_ffffn, 1n],
  ],
  mul: [
    [6n, 7n, 42n],
    [-1n, -1n, 1n],
    [-3n, 7n, -21n],
    [0xffff_ffffn, 0xffff_ffffn, 0xffff_fffe_0000_0001n],
    [0x1_0000_0000n, 0x1_0000_0000n, 0n],
    [0x1234_5678_9abc_def0n, 16n, 0x2345_6789_abcd_ef00n],
    [MIN_SIGNED, -1n, MIN_SIGNED],
    [0x1_0000_0001n, 0x1_0000_0001n, 0x2_0000_0001n],
  ],
  div: [
    [7n, 2n, 3n],
    [7n, 0n, 0n],
    [MAX, 2n, MAX_SIGNED],
    [MAX, MAX, 1n],
    [-8n, 2n, 0x7fff_ffff_ffff_fffcn],
    [0x1_0000_0000n, 0x1_0000n, 0x1_0000n],
    [5n, -1n, 0n],
    [0n, 5n, 0n],
  ],
  sdiv: [
    [-7n, 2n, -3n],
    [7n, -2n, -3n],
    [-7n, -2n, 3n],
    [7n, 0n, 0n],
    [MIN_SIGNED, -1n, MIN_SIGNED],
    [MIN_SIGNED, 1n, MIN_SIGNED],
    [-1n, 2n, 0n],
    [-0x1_0000_0000n, 2n, -0x8000_0000n],
  ],
  mod: [
    [7n, 2n, 1n],
    [7n, 0n, 7n],
    [MAX, 0n, MAX],
    [MAX, 10n, 5n],
    [5n, -1n, 5n],
    [0x1_0000_0005n, 0x1_0000_0000n, 5n],
    [-8n, 3n, 2n],
  ],
  smod: [
    [-7n, 3n, -1n],
    [7n, -3n, 1n],
    [-7n, -3n, -1n],
    [-7n, 0n, -7n],
    [MIN_SIGNED, -1n, 0n],
    [-0x1_0000_0005n, 0x1_0000_0000n, -5n],
  ],
  and: [
    [0b1100n, 0b1010n, 0b1000n],
    [MAX, -2n, 0xffff_ffff_ffff_fffen],
    [0x1234_5678_9abc_def0n, 0xff00_ff00_ff00_ff00n, 0x1200_5600_9a00_de00n],
    [MAX, 0x7fff_ffffn, 0x7fff_ffffn],
  ],
  or: [
    [0b1100n, 0b1010n, 0b1110n],
    [0n, -2n, 0xffff_ffff_ffff_fffen],
    [0x1_0000_0000n, 1n, 0x1_0000_0001n],
    [0x1234_0000_0000_0000n, 0x5678n, 0x1234_0000_0000_5678n],
  ],
  xor: [
    [0b1100n, 0b1010n, 0b0110n],
    [0n, -1n, MAX],
    [MAX, -1n, 0n],
    [0x1234_5678_9abc_def0n, 0x1234_5678_9abc_def0n, 0n],
  ],
  shl: [
    [1n, 0n, 1n],
    [1n, 31n, 0x8000_0000n],
    [1n, 32n, 0x1_0000_0000n],
    [1n, 63n, MIN_SIGNED],
    [0x1234_5678_9abc_def0n, 4n, 0x2345_6789_abcd_ef00n],
    [0x1234_5678_9abc_def0n, 36n, 0xabcd_ef00_0000_0000n],
  ],
  shr: [
    [0x8000_0000_0000_0000n, 63n, 1n],
    [MAX, 32n, 0xffff_ffffn],
    [MAX, 31n, 0x1_ffff_ffffn],
    [0x1234_5678_9abc_def0n, 0n, 0x1234_5678_9abc_def0n],
    [0x1234_5678_9abc_def0n, 4n, 0x0123_4567_89ab_cdefn],
    [0x1234_5678_9abc_def0n, 36n, 0x0123_4567n],
  ],
  sar: [
    [MIN_SIGNED, 63n, MAX],
    [-8n, 1n, -4n],
    [-1n, 32n, -1n],
    [0x7fff_ffff_ffff_ffffn, 62n, 1n],
    [0x8234_5678_9abc_def0n, 36n, 0xffff_ffff_f823_4567n],
    [-5n, 0n, -5n],
  ],
  mov: [
    [1n, 2n, 2n],
    [0n, -1n, MAX],
    [5n, 0x1234_5678_9abc_def0n, 0x1234_5678_9abc_def0n],
    [MAX, 0n, 0n],
  ],
};

/** The upper half of the operands is not seen, that of the result is zero. */
export const rows32: Readonly<Record<ArithmeticOperator, readonly ArithmeticRow[]>> = {
  add: [
    [1n, 2n, 3n],
    [0xffff_ffffn, 1n, 0n],
    [0x7fff_ffffn, 1n, 0x8000_0000n],
    [0xaaaa_aaaa_0000_0001n, 0x5555_5555_0000_0002n, 3n],
    [0n, -1n, 0xffff_ffffn],
  ],
  sub: [
    [3n, 2n, 1n],
    [0n, 1n, 0xffff_ffffn],
    [0x1_0000_0000n, 1n, 0xffff_ffffn],
    [0x8000_0000n, 1n, 0x7fff_ffffn],
  ],
  mul: [
    [6n, 7n, 42n],
    [0xffff_ffffn, 0xffff_ffffn, 1n],
    [0x1_0000n, 0x1_0000n, 0n],
    [0x1234_5678n, 16n, 0x2345_6780n],
    [-3n, 7n, 0xffff_ffebn],
  ],
  div: [
    [7n, 2n, 3n],
    [7n, 0n, 0n],
    [0xffff_ffffn, 2n, 0x7fff_ffffn],
    [-8n, 2n, 0x7fff_fffcn],
    [5n, -1n, 0n],
    [0x1_0000_0007n, 0x1_0000_0002n, 3n],
    [7n, 0x1_0000_0000n, 0n],
  ],
  sdiv: [
    [-7n, 2n, 0xffff_fffdn],
    [7n, -2n, 0xffff_fffdn],
    [-7n, -2n, 3n],
    [-7n, 0n, 0n],
    [0x8000_0000n, -1n, 0x8000_0000n],
    [-1n, 2n, 0n],
  ],
  mod: [
    [7n, 2n, 1n],
    [7n, 0n, 7n],
    [0xffff_ffff_ffff_ffffn, 0n, 0xffff_ffffn],
    [0xffff_ffffn, 10n, 5n],
    [5n, -1n, 5n],
  ],
  smod: [
    [-7n, 3n, 0xffff_ffffn],
    [7n, -3n, 1n],
    [-7n, 0n, 0xffff_fff9n],
    [0x8000_0000n, -1n, 0n],
    [-9n, -3n, 0n],
  ],
  and: [
    [0b1100n, 0b1010n, 0b1000n],
    [0xffff_ffff_ffff_ffffn, -1n, 0xffff_ffffn],
    [0x1234_5678n, 0xff00_ff00n, 0x1200_5600n],
  ],
  or: [
    [0b1100n, 0b1010n, 0b1110n],
    [0xffff_ffff_0000_0000n, 1n, 1n],
    [0n, -2n, 0xffff_fffen],
  ],
  xor: [
    [0b1100n, 0b1010n, 0b0110n],
    [0n, -1n, 0xffff_ffffn],
    [0xaaaa_aaaa_aaaa_aaaan, -1n, 0x5555_5555n],
  ],
  shl: [
    [1n, 31n, 0x8000_0000n],
    [0xffff_ffffn, 1n, 0xffff_fffen],
    [0x1234_5678n, 8n, 0x3456_7800n],
    [0xffff_ffff_0000_0001n, 0n, 1n],
  ],
  shr: [
    [0x8000_0000n, 31n, 1n],
    [0xffff_ffff_8000_0000n, 4n, 0x0800_0000n],
    [0x1234_5678n, 8n, 0x0012_3456n],
    [-1n, 0n, 0xffff_ffffn],
  ],
  sar: [
    [0x8000_0000n, 31n, 0xffff_ffffn],
    [0x7fff_ffffn, 30n, 1n],
    [-8n, 1n, 0xffff_fffcn],
    [0x1_7fff_ffffn, 4n, 0x07ff_ffffn],
  ],
  mov: [
    [1n, 2n, 2n],
    [0n, -1n, 0xffff_ffffn],
    [5n, 0x1234_5678_9abc_def0n, 0x9abc_def0n],
  ],
};

/** Shift amounts count modulo the width. Immediates beyond it are refused by the kernel. */
export const maskedShifts: readonly (readonly [ArithmeticOperator, 32 | 64, ...ArithmeticRow])[] = [
  ['shl', 64, 1n, 64n, 1n],
  ['shl', 64, 1n, 65n, 2n],
  ['shl', 64, 3n, -1n, MIN_SIGNED],
  ['shr', 64, MAX, 127n, 1n],
  ['shr', 64, 8n, 64n, 8n],
  ['sar', 64, MIN_SIGNED, 65n, 0xc000_0000_0000_0000n],
  ['sar', 64, -1n, 64n, -1n],
  ['shl', 32, 1n, 32n, 1n],
  ['shl', 32, 1n, 33n, 2n],
  ['shr', 32, 0x8000_0000n, 63n, 1n],
  ['sar', 32, 0x8000_0000n, 33n, 0xc000_0000n],
  ['sar', 32, 0x8000_0000n, 0x1_0000_001fn, 0xffff_ffffn],
];

/** -x, at both widths. */
export const negations: readonly (readonly [32 | 64, bigint, bigint])[] = [
  [64, 1n, -1n],
  [64, 0n, 0n],
  [64, MIN_SIGNED, MIN_SIGNED],
  [64, 0x1_0000_0000n, -0x1_0000_0000n],
  [64, 0xffff_ffffn, -0xffff_ffffn],
  [32, 1n, 0xffff_ffffn],
  [32, 0n, 0n],
  [32, 0x8000_0000n, 0x8000_0000n],
  [32, 0xffff_ffff_0000_0005n, 0xffff_fffbn],
];

/** Moves with sign extension: width, bits, source, result. */
export const signExtensions: readonly (readonly [32 | 64, 8 | 16 | 32, bigint, bigint])[] = [
  [64, 8, 0x7fn, 0x7fn],
  [64, 8, 0x80n, -0x80n],
  [64, 8, 0x1234_56ffn, -1n],
  [64, 16, 0x7fffn, 0x7fffn],
  [64, 16, 0x8000n, -0x8000n],
  [64, 32, 0x7fff_ffffn, 0x7fff_ffffn],
  [64, 32, 0x8000_0000n, -0x8000_0000n],
  [64, 32, 0x1234_5678_0000_0001n, 1n],
  [32, 8, 0x80n, 0xffff_ff80n],
  [32, 8, 0xffff_ffff_ffff_ff7fn, 0x7fn],
  [32, 16, 0x8000n, 0xffff_8000n],
  [32, 16, 0xffff_7fffn, 0x7fffn],
];

/** Byte swaps on a little-endian machine: order, bits, source, result. */
export const byteSwaps: readonly (readonly [
  'little' | 'big' | 'reverse',
  16 | 32 | 64,
  bigint,
  bigint,
])[] = [
  ['big', 16, 0x1234_5678_9abc_def0n, 0xf0den],
  ['big', 32, 0x1234_5678_9abc_def0n, 0xf0de_bc9an],
  ['big', 64, 0x1234_5678_9abc_def0n, 0xf0de_bc9a_7856_3412n],
  ['big', 32, 0x0000_00ffn, 0xff00_0000n],
  ['big', 64, 0x80n, 0x8000_0000_0000_0000n],
  ['little', 16, 0x1234_5678_9abc_def0n, 0xdef0n],
  ['little', 32, 0x1234_5678_9abc_def0n, 0x9abc_def0n],
  ['little', 64, 0x1234_5678_9abc_def0n, 0x1234_5678_9abc_def0n],
  ['reverse', 16, 0x1234_5678_9abc_def0n, 0xf0den],
  ['reverse', 32, 0x1234_5678_9abc_def0n, 0xf0de_bc9an],
  ['reverse', 64, 0x1234_5678_9abc_def0n, 0xf0de_bc9a_7856_3412n],
  ['reverse', 32, 0xffff_ffff_8000_0001n, 0x0100_0080n],
];
