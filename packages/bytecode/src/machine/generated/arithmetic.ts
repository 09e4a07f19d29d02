/** Arithmetic and comparisons as WebAssembly, as `steps/` defines them for the interpreter. */
import {
  type Arithmetic,
  type Branch,
  type ByteSwap,
  type Negate,
  type Operand,
  Register,
  type SignExtend,
} from '../../asm/instruction.ts';
import type { ArithmeticOperator, Comparison } from '../../asm/opcodes.ts';
import { type CodeWriter, Wasm } from './code-writer.ts';
import { register } from './layout.ts';

type Width = 32 | 64;
type Plain = Exclude<ArithmeticOperator, 'div' | 'sdiv' | 'mod' | 'smod' | 'mov'>;

/** WebAssembly counts shifts modulo the width, as BPF does. */
const plain: Readonly<Record<Plain, Readonly<Record<Width, number>>>> = {
  add: { 32: Wasm.i32Add, 64: Wasm.i64Add },
  sub: { 32: Wasm.i32Sub, 64: Wasm.i64Sub },
  mul: { 32: Wasm.i32Mul, 64: Wasm.i64Mul },
  and: { 32: Wasm.i32And, 64: Wasm.i64And },
  or: { 32: Wasm.i32Or, 64: Wasm.i64Or },
  xor: { 32: Wasm.i32Xor, 64: Wasm.i64Xor },
  shl: { 32: Wasm.i32Shl, 64: Wasm.i64Shl },
  shr: { 32: Wasm.i32ShrU, 64: Wasm.i64ShrU },
  sar: { 32: Wasm.i32ShrS, 64: Wasm.i64ShrS },
};

const comparisons: Readonly<Record<Exclude<Comparison, 'set'>, Readonly<Record<Width, number>>>> = {
  eq: { 32: Wasm.i32Eq, 64: Wasm.i64Eq },
  ne: { 32: Wasm.i32Ne, 64: Wasm.i64Ne },
  gt: { 32: Wasm.i32GtU, 64: Wasm.i64GtU },
  ge: { 32: Wasm.i32GeU, 64: Wasm.i64GeU },
  lt: { 32: Wasm.i32LtU, 64: Wasm.i64LtU },
  le: { 32: Wasm.i32LeU, 64: Wasm.i64LeU },
  sgt: { 32: Wasm.i32GtS, 64: Wasm.i64GtS },
  sge: { 32: Wasm.i32GeS, 64: Wasm.i64GeS },
  slt: { 32: Wasm.i32LtS, 64: Wasm.i64LtS },
  sle: { 32: Wasm.i32LeS, 64: Wasm.i64LeS },
};

/** The operand in the given width. */
export function operand(code: CodeWriter, value: Operand, width: Width): void {
  if (!(value instanceof Register)) {
    if (width === 64) code.wide(value);
    else code.i32(value);
    return;
  }
  code.get(register(value.number));
  if (width === 32) code.put(Wasm.i32WrapI64);
}

/** A result of 32 bits clears the upper half. */
function keep(code: CodeWriter, destination: Register, width: Width): void {
  if (width === 32) code.put(Wasm.i64ExtendI32U);
  code.set(register(destination.number));
}

/** `destination = destination operator source`. */
export function arithmetic(code: CodeWriter, instruction: Arithmetic): void {
  const { operator, width, destination, source } = instruction;
  switch (operator) {
    case 'mov':
      operand(code, source, width);
      break;
    case 'div':
    case 'sdiv':
    case 'mod':
    case 'smod':
      division(code, instruction);
      break;
    default:
      operand(code, destination, width);
      operand(code, source, width);
      code.put(plain[operator][width]);
  }
  keep(code, destination, width);
}

const divisions = {
  div: { 32: Wasm.i32DivU, 64: Wasm.i64DivU },
  sdiv: { 32: Wasm.i32DivS, 64: Wasm.i64DivS },
  mod: { 32: Wasm.i32RemU, 64: Wasm.i64RemU },
  smod: { 32: Wasm.i32RemS, 64: Wasm.i64RemS },
} as const;

/**
 * x / 0 = 0 and x % 0 = x, where WebAssembly would trap, as it would for the least number / -1:
 * the divisor is replaced by 1 before, and the result after.
 */
function division(code: CodeWriter, instruction: Arithmetic): void {
  const { operator, width, destination, source } = instruction;
  const opcode = divisions[operator as keyof typeof divisions][width];
  const isSigned = operator === 'sdiv';
  const constant = (value: number): void => operand(code, value, width);
  const isEqual = (to: number): void => {
    operand(code, source, width);
    constant(to);
    code.put(width === 32 ? Wasm.i32Eq : Wasm.i64Eq);
  };
  operand(code, destination, width);
  constant(1);
  operand(code, source, width);
  isEqual(0);
  if (isSigned) {
    isEqual(-1);
    code.put(Wasm.i32Or);
  }
  code.put(Wasm.select, opcode);
  if (isSigned) {
    constant(0);
    operand(code, destination, width);
    code.put(width === 32 ? Wasm.i32Sub : Wasm.i64Sub);
    isEqual(-1);
    code.put(Wasm.i32Eqz, Wasm.select);
  }
  if (operator === 'mod' || operator === 'smod') operand(code, destination, width);
  else constant(0);
  isEqual(0);
  code.put(Wasm.i32Eqz, Wasm.select);
}

/** A move of the low bits with their sign. */
export function signExtend(code: CodeWriter, instruction: SignExtend): void {
  const { width, bits, destination, source } = instruction;
  operand(code, source, width);
  if (width === 64) {
    code.put({ 8: Wasm.i64Extend8S, 16: Wasm.i64Extend16S, 32: Wasm.i64Extend32S }[bits]);
  } else if (bits !== 32) {
    code.put(bits === 8 ? Wasm.i32Extend8S : Wasm.i32Extend16S);
  }
  keep(code, destination, width);
}

/** `destination = -destination`. */
export function negate(code: CodeWriter, { width, destination }: Negate): void {
  operand(code, 0, width);
  operand(code, destination, width);
  code.put(width === 32 ? Wasm.i32Sub : Wasm.i64Sub);
  keep(code, destination, width);
}

/** Keeps the low bits; to little-endian order nothing moves. */
export function byteSwap(code: CodeWriter, { order, bits, destination }: ByteSwap): void {
  const d = register(destination.number);
  if (order === 'little') {
    if (bits === 64) return;
    code.get(d);
    code.i64((1n << BigInt(bits)) - 1n);
    code.put(Wasm.i64And);
  } else if (bits === 16) {
    swap16(code, d);
  } else if (bits === 32) {
    swap32(code, d);
  } else {
    exchange(code, d, 8, 0x00ff_00ff_00ff_00ffn);
    exchange(code, d, 16, 0x0000_ffff_0000_ffffn);
    code.get(d);
    code.wide(32);
    code.put(Wasm.i64Rotl);
  }
  code.set(d);
}

/** Leaves the low 16 bits on the stack, in the other order. */
function swap16(code: CodeWriter, d: number): void {
  code.get(d);
  code.wide(0xff);
  code.put(Wasm.i64And);
  code.wide(8);
  code.put(Wasm.i64Shl);
  code.get(d);
  code.wide(8);
  code.put(Wasm.i64ShrU);
  code.wide(0xff);
  code.put(Wasm.i64And, Wasm.i64Or);
}

/** Leaves the low 32 bits on the stack, in the other order. */
function swap32(code: CodeWriter, d: number): void {
  const half = (shift: number, mask: number): void => {
    code.get(d);
    code.put(Wasm.i32WrapI64);
    code.i32(shift);
    code.put(Wasm.i32Shl);
    code.get(d);
    code.put(Wasm.i32WrapI64);
    code.i32(32 - shift);
    // A rotation: as one instruction it is slow where code is not optimised yet.
    code.put(Wasm.i32ShrU, Wasm.i32Or);
    code.i32(mask);
    code.put(Wasm.i32And);
  };
  half(8, 0x00ff_00ff);
  half(24, 0xff00_ff00 | 0);
  code.put(Wasm.i32Or, Wasm.i64ExtendI32U);
}

/** Exchanges neighbours of `bits` bits: those that the mask selects with those above them. */
function exchange(code: CodeWriter, d: number, bits: number, mask: bigint): void {
  code.get(d);
  code.i64(mask);
  code.put(Wasm.i64And);
  code.wide(bits);
  code.put(Wasm.i64Shl);
  code.get(d);
  code.wide(bits);
  code.put(Wasm.i64ShrU);
  code.i64(mask);
  code.put(Wasm.i64And, Wasm.i64Or);
  code.set(d);
}

/** Leaves on the stack whether the branch is taken. */
export function condition(code: CodeWriter, { comparison, width, left, right }: Branch): void {
  operand(code, left, width);
  operand(code, right, width);
  if (comparison !== 'set') code.put(comparisons[comparison][width]);
  else if (width === 32) code.put(Wasm.i32And, Wasm.i32Eqz, Wasm.i32Eqz);
  else code.put(Wasm.i64And, Wasm.i64Eqz, Wasm.i32Eqz);
}
