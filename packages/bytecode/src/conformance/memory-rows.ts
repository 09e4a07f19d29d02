/** Loads, stores and atomic operations by RFC 9669, sections 5.2 to 5.4, on 8 bytes of stack. */
import type { AtomicOperator } from '../asm/opcodes.ts';

/** What the memory holds; loads at an offset into it. */
export const LOADED = 0xf0de_bc9a_8856_3412n;

/** Size, offset, signed, result. */
export const loads: readonly (readonly [1 | 2 | 4 | 8, number, boolean, bigint])[] = [
  [1, 0, false, 0x12n],
  [1, 3, false, 0x88n],
  [1, 7, false, 0xf0n],
  [2, 0, false, 0x3412n],
  [2, 2, false, 0x8856n],
  [2, 6, false, 0xf0den],
  [4, 0, false, 0x8856_3412n],
  [4, 4, false, 0xf0de_bc9an],
  [8, 0, false, LOADED],
  [1, 0, true, 0x12n],
  [1, 3, true, -0x78n],
  [1, 7, true, -0x10n],
  [2, 0, true, 0x3412n],
  [2, 6, true, -0x0f22n],
  [4, 0, true, -0x77a9_cbeen],
  [4, 4, true, -0x0f21_4366n],
];

/** Into memory of all ones: size, offset, stored, what the eight bytes are then. */
export const stores: readonly (readonly [1 | 2 | 4 | 8, number, bigint, bigint])[] = [
  [1, 0, 0x12n, 0xffff_ffff_ffff_ff12n],
  [1, 7, 0x1234n, 0x34ff_ffff_ffff_ffffn],
  [2, 2, 0x1234n, 0xffff_ffff_1234_ffffn],
  [2, 6, 0x1_2345n, 0x2345_ffff_ffff_ffffn],
  [4, 0, 0x1234_5678n, 0xffff_ffff_1234_5678n],
  [4, 4, -2n, 0xffff_fffe_ffff_ffffn],
  [8, 0, 0n, 0n],
  [8, 0, -2n, 0xffff_ffff_ffff_fffen],
  [8, 0, 0x1234_5678_9abc_def0n, 0x1234_5678_9abc_def0n],
];

/** Size, memory before, source register, memory after; what is fetched is the memory before. */
export type AtomicRow = readonly [4 | 8, before: bigint, source: bigint, after: bigint];

/** Of 4 bytes only the low half of the memory takes part. */
export const atomics: Readonly<
  Record<Exclude<AtomicOperator, 'compareExchange'>, readonly AtomicRow[]>
> = {
  add: [
    [8, 1n, 2n, 3n],
    [8, 0xffff_ffffn, 1n, 0x1_0000_0000n],
    [8, -1n, 1n, 0n],
    [4, 0x5_ffff_ffffn, 1n, 0x5_0000_0000n],
    [4, 0x5_0000_0001n, 0x7_0000_0002n, 0x5_0000_0003n],
  ],
  or: [
    [8, 0x1_0000_0000n, 1n, 0x1_0000_0001n],
    [4, 0b1100n, 0b1010n, 0b1110n],
  ],
  and: [
    [8, -1n, 0x1_0000_0001n, 0x1_0000_0001n],
    [4, 0x5_ffff_ffffn, 0xf0n, 0x5_0000_00f0n],
  ],
  xor: [
    [8, -1n, 0x1_0000_0001n, 0xffff_fffe_ffff_fffen],
    [4, 0x5_0000_00ffn, 0x0fn, 0x5_0000_00f0n],
  ],
  exchange: [
    [8, 0x1234_5678_9abc_def0n, -2n, -2n],
    [4, 0x5_9abc_def0n, 0x7_0000_0001n, 0x5_0000_0001n],
  ],
};

/** Size, memory before, r0 before, source, memory after, r0 after. */
export const compareExchanges: readonly (readonly [
  4 | 8,
  bigint,
  bigint,
  bigint,
  bigint,
  bigint,
])[] = [
  [8, 5n, 5n, 9n, 9n, 5n],
  [8, 5n, 6n, 9n, 5n, 5n],
  [8, 0x1_0000_0005n, 5n, 9n, 0x1_0000_0005n, 0x1_0000_0005n],
  [8, -1n, -1n, 0n, 0n, -1n],
  [4, 0x7_0000_0005n, 5n, 9n, 0x7_0000_0009n, 5n],
  [4, 0x7_0000_0005n, 0x3_0000_0005n, 9n, 0x7_0000_0009n, 5n],
  [4, 0x7_0000_0005n, 6n, 9n, 0x7_0000_0005n, 5n],
];
