/** One function for each instruction. Numbers of slots and ranges are checked by `encode`. */
import type {
  AccessSize,
  Arithmetic,
  ByteSwap,
  Negate,
  Operand,
  OperationWidth,
  Register,
  SignExtend,
} from './instruction.ts';
import type * as shape from './instruction.ts';
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

/** `destination += source`. */
export const add64 = operation('add', 64);
/** `destination -= source`. */
export const sub64 = operation('sub', 64);
/** `destination *= source`. */
export const mul64 = operation('mul', 64);
/** Unsigned; by zero gives 0. */
export const div64 = operation('div', 64);
/** Signed, rounded towards zero; by zero gives 0. @since Linux 6.6 */
export const sdiv64 = operation('sdiv', 64);
/** Unsigned remainder; by zero leaves the destination. */
export const mod64 = operation('mod', 64);
/** Remainder with the sign of the destination; by zero leaves it. @since Linux 6.6 */
export const smod64 = operation('smod', 64);
/** `destination &= source`. */
export const and64 = operation('and', 64);
/** `destination |= source`. */
export const or64 = operation('or', 64);
/** `destination ^= source`. */
export const xor64 = operation('xor', 64);
/** Shifts left by the source modulo 64. */
export const shl64 = operation('shl', 64);
/** Shifts right, zeroes coming in, by the source modulo 64. */
export const shr64 = operation('shr', 64);
/** Shifts right, the sign coming in, by the source modulo 64. */
export const sar64 = operation('sar', 64);
/** `destination = source`. */
export const mov64 = operation('mov', 64);

/** `destination += source`, on the low 32 bits; the upper half becomes zero. */
export const add32 = operation('add', 32);
/** `destination -= source`, on the low 32 bits; the upper half becomes zero. */
export const sub32 = operation('sub', 32);
/** `destination *= source`, on the low 32 bits; the upper half becomes zero. */
export const mul32 = operation('mul', 32);
/** Unsigned; by zero gives 0; on the low 32 bits, the upper half becomes zero. */
export const div32 = operation('div', 32);
/** Signed, rounded towards zero; by zero gives 0; 32 bits, zero-extended. @since Linux 6.6 */
export const sdiv32 = operation('sdiv', 32);
/** Unsigned remainder; by zero leaves the destination; 32 bits, zero-extended. */
export const mod32 = operation('mod', 32);
/** As `smod64`, on the low 32 bits; the upper half becomes zero. @since Linux 6.6 */
export const smod32 = operation('smod', 32);
/** `destination &= source`, on the low 32 bits; the upper half becomes zero. */
export const and32 = operation('and', 32);
/** `destination |= source`, on the low 32 bits; the upper half becomes zero. */
export const or32 = operation('or', 32);
/** `destination ^= source`, on the low 32 bits; the upper half becomes zero. */
export const xor32 = operation('xor', 32);
/** Shifts left by the source modulo 32; on the low 32 bits, the upper half becomes zero. */
export const shl32 = operation('shl', 32);
/** Shifts right, zeroes coming in, by the source modulo 32; 32 bits, zero-extended. */
export const shr32 = operation('shr', 32);
/** Shifts right, the sign coming in, by the source modulo 32; 32 bits, zero-extended. */
export const sar32 = operation('sar', 32);
/** `destination = source`, on the low 32 bits; the upper half becomes zero. */
export const mov32 = operation('mov', 32);

/** `destination = -destination`; the upper half becomes zero at width 32. */
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

/** Always; `offset` in slots from the next instruction, 16 bits. */
export function jump(offset: number): shape.Jump {
  return { kind: 'jump', isLong: false, offset };
}

/** Offsets of 32 bits. @since Linux 6.6 */
export function jumpLong(offset: number): shape.Jump {
  return { kind: 'jump', isLong: true, offset };
}

/** Jumps when `left comparison right` holds; `offset` in slots from the next instruction. */
export function branch(
  comparison: Comparison,
  width: OperationWidth,
  left: Register,
  right: Operand,
  offset: number,
): shape.Branch {
  return { kind: 'branch', comparison, width, left, right, offset };
}

/** Jumps when the loop has run too often for the kernel. @since Linux 6.9 */
export function mayGoto(offset: number): shape.MayGoto {
  return { kind: 'mayGoto', offset };
}

/** All 64 bits, two's complement. */
export function loadConstant(destination: Register, value: bigint): shape.LoadConstant {
  const bits = BigInt.asUintN(64, value);
  return { kind: 'loadConstant', from: 'value', destination, value: bits, offset: 0 };
}

/** The address of a map: in a `ProgramObject` descriptor 0, and a `MapReference` names the map. */
export function loadMap(destination: Register, descriptor = 0): shape.LoadConstant {
  const value = BigInt(descriptor);
  return { kind: 'loadConstant', from: 'mapByDescriptor', destination, value, offset: 0 };
}

/** The address of the byte at `offset` in the value of an array map of one entry. */
export function loadMapValue(
  destination: Register,
  descriptor: number,
  offset: number,
): shape.LoadConstant {
  const value = BigInt(descriptor);
  return { kind: 'loadConstant', from: 'mapValueByDescriptor', destination, value, offset };
}

/** The address of the subprogram `slots` after the end of this load's first slot, for callbacks. */
export function loadCode(destination: Register, slots: number): shape.LoadConstant {
  const value = BigInt(slots);
  return { kind: 'loadConstant', from: 'code', destination, value, offset: 0 };
}

/** Reads `size` bytes at `base` + `offset`, zero-extended. */
export function load(
  size: AccessSize,
  destination: Register,
  base: Register,
  offset: number,
): shape.Load {
  return { kind: 'load', size, isSigned: false, destination, base, offset };
}

/** As `load`, sign-extended to 64 bits. @since Linux 6.6 */
export function loadSigned(
  size: 1 | 2 | 4,
  destination: Register,
  base: Register,
  offset: number,
): shape.Load {
  return { kind: 'load', size, isSigned: true, destination, base, offset };
}

/** Writes the low `size` bytes of the source at `base` + `offset`. */
export function store(
  size: AccessSize,
  base: Register,
  offset: number,
  source: Operand,
): shape.Store {
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
): shape.Atomic {
  const always = operator === 'exchange' || operator === 'compareExchange';
  return { kind: 'atomic', operator, fetch: fetch || always, size, base, offset, source };
}

/** Calls a helper of the kernel by number: arguments in r1 to r5, result in r0. */
export function callHelper(number: number): shape.Call {
  return { kind: 'call', target: 'helper', number, module: 0 };
}

/** `slots`: from the instruction after the call to the subprogram's first. */
export function callSubprogram(slots: number): shape.Call {
  return { kind: 'call', target: 'subprogram', number: slots, module: 0 };
}

/** Calls a function of the kernel by BTF id; `module` is 0 for vmlinux. @since Linux 5.13 */
export function callKernelFunction(btfId: number, module = 0): shape.Call {
  return { kind: 'call', target: 'kernelFunction', number: btfId, module };
}

/** Returns r0 to the caller: of the subprogram, or of the program. */
export function exit(): shape.Exit {
  return { kind: 'exit' };
}
