/** One instruction of RFC 9669, taken apart. Jump offsets count slots of 8 bytes from the next. */
import type {
  ArithmeticOperator,
  AtomicOperator,
  CallTarget,
  Comparison,
  ConstantSource,
} from './opcodes.ts';

/** How registers are encoded. */
export type RegisterNumber = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;

/** A register: an object, so that it is never mistaken for an immediate. Compare by identity. */
export class Register {
  constructor(readonly number: RegisterNumber) {
    Object.freeze(this);
  }
  toString(): string {
    return `r${this.number}`;
  }
}

/** Result of calls and of the program. */
export const r0 = new Register(0);
/** Arguments of calls, lost by them; `r1` holds the context at the start. */
export const r1 = new Register(1);
/** Second argument of calls. */
export const r2 = new Register(2);
/** Third argument of calls. */
export const r3 = new Register(3);
/** Fourth argument of calls. */
export const r4 = new Register(4);
/** Fifth and last argument of calls. */
export const r5 = new Register(5);
/** Kept by calls, as are `r7` to `r9`. */
export const r6 = new Register(6);
/** Kept by calls. */
export const r7 = new Register(7);
/** Kept by calls. */
export const r8 = new Register(8);
/** Kept by calls. */
export const r9 = new Register(9);
/** The end of the stack frame; read-only. */
export const r10 = new Register(10);

/** By number. */
export const registers: readonly Register[] = [r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10];

/** A register, or an immediate: 32 bits, sign-extended where the instruction is 64 bits wide. */
export type Operand = Register | number;
/** Bits that an operation works on. */
export type OperationWidth = 32 | 64;
/** Bytes that one access to memory touches. */
export type AccessSize = 1 | 2 | 4 | 8;

/** `destination = destination operator source`; 32-bit results are zero-extended. */
export interface Arithmetic {
  readonly kind: 'arithmetic';
  readonly operator: ArithmeticOperator;
  readonly width: OperationWidth;
  readonly destination: Register;
  readonly source: Operand;
}

/** Moves the low `bits` of the source, sign-extended to the width. */
export interface SignExtend {
  readonly kind: 'signExtend';
  readonly width: OperationWidth;
  readonly bits: 8 | 16 | 32;
  readonly destination: Register;
  readonly source: Register;
}

/** `destination = -destination`; 32-bit results are zero-extended. */
export interface Negate {
  readonly kind: 'negate';
  readonly width: OperationWidth;
  readonly destination: Register;
}

/**
 * Keeps the low `bits`, in another byte order. `big` and `little` convert from (or to) the host's
 * order; `reverse` always swaps.
 */
export interface ByteSwap {
  readonly kind: 'byteSwap';
  readonly order: 'little' | 'big' | 'reverse';
  readonly bits: 16 | 32 | 64;
  readonly destination: Register;
}

/** `isLong`: the offset has 32 bits instead of 16 (@since Linux 6.6). */
export interface Jump {
  readonly kind: 'jump';
  readonly isLong: boolean;
  readonly offset: number;
}

/** Jumps when `left comparison right` holds of the low `width` bits. */
export interface Branch {
  readonly kind: 'branch';
  readonly comparison: Comparison;
  readonly width: OperationWidth;
  readonly left: Register;
  readonly right: Operand;
  readonly offset: number;
}

/** Leaves a loop that has run too long. @since Linux 6.9 */
export interface MayGoto {
  readonly kind: 'mayGoto';
  readonly offset: number;
}

/**
 * Loads 64 bits: `value` itself (unsigned), or an address that the kernel puts there. Then `value`
 * holds the first immediate (descriptor, index, id, relative slot) and `offset` the second.
 */
export interface LoadConstant {
  readonly kind: 'loadConstant';
  readonly from: ConstantSource;
  readonly destination: Register;
  readonly value: bigint;
  readonly offset: number;
}

/** Zero-extended, or sign-extended (@since Linux 6.6). */
export interface Load {
  readonly kind: 'load';
  readonly size: AccessSize;
  readonly isSigned: boolean;
  readonly destination: Register;
  readonly base: Register;
  readonly offset: number;
}

/** Writes the low `size` bytes of the source; an immediate is sign-extended first. */
export interface Store {
  readonly kind: 'store';
  readonly size: AccessSize;
  readonly base: Register;
  readonly offset: number;
  readonly source: Operand;
}

/**
 * Reads, changes and writes memory at once. With `fetch` the source register gets the old value;
 * `compareExchange` compares with r0 and leaves the old value there; it and `exchange`
 * always fetch.
 */
export interface Atomic {
  readonly kind: 'atomic';
  readonly operator: AtomicOperator;
  readonly fetch: boolean;
  readonly size: 4 | 8;
  readonly base: Register;
  readonly offset: number;
  readonly source: Register;
}

/**
 * `number`: of the helper, slots to the subprogram from the next slot, or BTF id of the kernel
 * function; `module` is the index of the module's BTF in the descriptor array, 0 for vmlinux.
 */
export interface Call {
  readonly kind: 'call';
  readonly target: CallTarget;
  readonly number: number;
  readonly module: number;
}

/** Returns r0. */
export interface Exit {
  readonly kind: 'exit';
}

/** Any instruction; `kind` tells which. */
export type Instruction =
  | Arithmetic
  | SignExtend
  | Negate
  | ByteSwap
  | Jump
  | Branch
  | MayGoto
  | LoadConstant
  | Load
  | Store
  | Atomic
  | Call
  | Exit;

/** Slots of 8 bytes that it takes. */
export function slotCount(instruction: Instruction): 1 | 2 {
  return instruction.kind === 'loadConstant' ? 2 : 1;
}
