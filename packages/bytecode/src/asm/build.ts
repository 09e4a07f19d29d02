/** One function for each instruction. Numbers of slots and ranges are checked by `encode`. */
import type {
  AccessSize,
  Arithmetic,
  Atomic,
  Branch,
  ByteSwap,
  Call,
  Exit,
  Jump,
  Load,
  LoadConstant,
  MayGoto,
  Negate,
  Operand,
  OperationWidth,
  Register,
  SignExtend,
  Store,
} from './instruction.ts';
import type { ArithmeticOperator, AtomicOperator, Comparison } from './opcodes.ts';

/** `destination = destination operator source` at a width chosen by the caller. */
export function arithmetic(
  operator: ArithmeticOperator,
  width: OperationWidth,
  destination: Register,
  source: Operand,
): Arithmetic {
  return { kind: 'arithmetic', operator, width, destination, source };
}

type TwoOperands = (destination: Register, source: Operand) => Arithmetic;

function operation(operator: ArithmeticOperator, width: OperationWidth): TwoOperands {
  return (destination, source) => arithmetic(operator, width, destination, source);
}

export const add64 = operation('add', 64);
export const sub64 = operation('sub', 64);
export const mul64 = operation('mul', 64);
export const div64 = operation('div', 64);
export const sdiv64 = operation('sdiv', 64);
export const mod64 = operation('mod', 64);
export const smod64 = operation('smod', 64);
export const and64 = operation('and', 64);
export const or64 = operation('or', 64);
export const xor64 = operation('xor', 64);
export const shl64 = operation('shl', 64);
export const shr64 = operation('shr', 64);
export const sar64 = operation('sar', 64);
export const mov64 = operation('mov', 64);

export const add32 = operation('add', 32);
export const sub32 = operation('sub', 32);
export const mul32 = operation('mul', 32);
export const div32 = operation('div', 32);
export const sdiv32 = operation('sdiv', 32);
export const mod32 = operation('mod', 32);
export const smod32 = operation('smod', 32);
export const and32 = operation('and', 32);
export const or32 = operation('or', 32);
export const xor32 = operation('xor', 32);
export const shl32 = operation('shl', 32);
export const shr32 = operation('shr', 32);
export const sar32 = operation('sar', 32);
export const mov32 = operation('mov', 32);

export function negate(width: OperationWidth, destination: Register): Negate {
  return { kind: 'negate', width, destination };
}

/** The low `bits` of the source, sign-extended to `width`. @since Linux 6.6 */
export function signExtend(
  width: OperationWidth,
  bits: 8 | 16 | 32,
  destination: Register,
  source: Register,
): SignExtend {
  return { kind: 'signExtend', width, bits, destination, source };
}

/** Between host order and big-endian; the bits above become zero. */
export function toBigEndian(bits: 16 | 32 | 64, destination: Register): ByteSwap {
  return { kind: 'byteSwap', order: 'big', bits, destination };
}

/** Between host order and little-endian; the bits above become zero. */
export function toLittleEndian(bits: 16 | 32 | 64, destination: Register): ByteSwap {
  return { kind: 'byteSwap', order: 'little', bits, destination };
}

/** Swaps whatever the host's order is. @since Linux 6.6 */
export function reverseBytes(bits: 16 | 32 | 64, destination: Register): ByteSwap {
  return { kind: 'byteSwap', order: 'reverse', bits, destination };
}

export function jump(offset: number): Jump {
  return { kind: 'jump', isLong: false, offset };
}

/** Offsets of 32 bits. @since Linux 6.6 */
export function jumpLong(offset: number): Jump {
  return { kind: 'jump', isLong: true, offset };
}

export function branch(
  comparison: Comparison,
  width: OperationWidth,
  left: Register,
  right: Operand,
  offset: number,
): Branch {
  return { kind: 'branch', comparison, width, left, right, offset };
}

/** @since Linux 6.9 */
export function mayGoto(offset: number): MayGoto {
  return { kind: 'mayGoto', offset };
}

/** All 64 bits, two's complement. */
export function loadConstant(destination: Register, value: bigint): LoadConstant {
  const bits = BigInt.asUintN(64, value);
  return { kind: 'loadConstant', from: 'value', destination, value: bits, offset: 0 };
}

/** The address of a map. In a `ProgramObject` the descriptor is 0 and a `MapReference` names the map. */
export function loadMap(destination: Register, descriptor = 0): LoadConstant {
  const value = BigInt(descriptor);
  return { kind: 'loadConstant', from: 'mapByDescriptor', destination, value, offset: 0 };
}

/** The address of the byte at `offset` in the value of an array map of one entry. */
export function loadMapValue(
  destination: Register,
  descriptor: number,
  offset: number,
): LoadConstant {
  const value = BigInt(descriptor);
  return { kind: 'loadConstant', from: 'mapValueByDescriptor', destination, value, offset };
}

/** The address of the subprogram `slots` after the end of this load's first slot, for callbacks. */
export function loadCode(destination: Register, slots: number): LoadConstant {
  const value = BigInt(slots);
  return { kind: 'loadConstant', from: 'code', destination, value, offset: 0 };
}

export function load(
  size: AccessSize,
  destination: Register,
  base: Register,
  offset: number,
): Load {
  return { kind: 'load', size, isSigned: false, destination, base, offset };
}

/** @since Linux 6.6 */
export function loadSigned(
  size: 1 | 2 | 4,
  destination: Register,
  base: Register,
  offset: number,
): Load {
  return { kind: 'load', size, isSigned: true, destination, base, offset };
}

export function store(size: AccessSize, base: Register, offset: number, source: Operand): Store {
  return { kind: 'store', size, base, offset, source };
}

/** `exchange` and `compareExchange` fetch whatever `fetch` says. */
export function atomic(
  operator: AtomicOperator,
  size: 4 | 8,
  base: Register,
  offset: number,
  source: Register,
  fetch = false,
): Atomic {
  const always = operator === 'exchange' || operator === 'compareExchange';
  return { kind: 'atomic', operator, fetch: fetch || always, size, base, offset, source };
}

export function callHelper(number: number): Call {
  return { kind: 'call', target: 'helper', number, module: 0 };
}

/** `slots`: from the instruction after the call to the subprogram's first. */
export function callSubprogram(slots: number): Call {
  return { kind: 'call', target: 'subprogram', number: slots, module: 0 };
}

export function callKernelFunction(btfId: number, module = 0): Call {
  return { kind: 'call', target: 'kernelFunction', number: btfId, module };
}

export function exit(): Exit {
  return { kind: 'exit' };
}
