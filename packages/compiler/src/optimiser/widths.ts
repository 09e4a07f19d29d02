/** Rules for extensions and truncations, and for doing in 32 bits what was written in 64. */
import { maskOf } from '../ir/arithmetic.ts';
import type { BinaryOperator, Value } from '../ir/ir.ts';
import { constantOf, type Rewriter, withConstant } from './rewriter.ts';

/** Extensions, truncations and negations. */
export function simplifyResize(value: Value, rewriter: Rewriter): Value | null {
  const operand = value.operands[0]!;
  const { op } = value.operation;
  const bits = constantOf(operand);
  if (bits !== null) {
    if (op === 'signExtend') return rewriter.constant(BigInt.asIntN(32, bits), 64);
    return rewriter.constant(op === 'neg' ? -bits : bits, value.width);
  }
  const inner = operand.operation.op;
  if (op === 'neg') return inner === 'neg' ? operand.operands[0]! : null;
  const ones = rewriter.bits.possibleOnes(operand);
  if (op === 'signExtend') {
    return ones <= maskOf(31) ? rewriter.make({ op: 'zeroExtend' }, [operand], 64) : null;
  }
  if (op === 'zeroExtend') {
    if (inner !== 'truncate') return null;
    const source = operand.operands[0]!;
    return rewriter.bits.possibleOnes(source) <= maskOf(32) ? source : null;
  }
  if (inner === 'zeroExtend' || inner === 'signExtend') return operand.operands[0]!;
  return truncateBinary(operand, rewriter);
}

const lowHalfSuffices = new Set<string>(['add', 'sub', 'mul', 'and', 'or', 'xor']);

/**
 * truncate(zeroExtend(x) op zeroExtend(y)) is x op y, where the low half of the result needs no
 * more.
 */
function truncateBinary(operand: Value, rewriter: Rewriter): Value | null {
  const { op } = operand.operation;
  if (!lowHalfSuffices.has(op) || !rewriter.isUsedOnce(operand)) return null;
  const halves = operand.operands.map((side) => lowHalf(side, rewriter));
  if (halves.some((half) => half === null)) return null;
  return rewriter.make({ op: op as BinaryOperator }, halves as Value[], 32);
}

/** A 32-bit value that equals the low half of `value` without an instruction, else `null`. */
function lowHalf(value: Value, rewriter: Rewriter): Value | null {
  const bits = constantOf(value);
  if (bits !== null) return rewriter.constant(bits, 32);
  const { op } = value.operation;
  return op === 'zeroExtend' || op === 'signExtend' ? value.operands[0]! : null;
}

/** As `lowHalf`, where the upper half is zero too. */
function narrow(value: Value, rewriter: Rewriter): Value | null {
  const bits = constantOf(value);
  if (bits !== null) return bits <= maskOf(32) ? rewriter.constant(bits, 32) : null;
  return value.operation.op === 'zeroExtend' ? value.operands[0]! : null;
}

const staysNarrow = new Set<string>(['and', 'or', 'xor', 'div', 'mod']);

/** zeroExtend(x) op zeroExtend(y) is zeroExtend(x op y), where nothing gets into the upper half. */
export function narrowBinary(value: Value, op: BinaryOperator, rewriter: Rewriter): Value | null {
  if (value.width !== 64) return null;
  const [left, right] = value.operands as [Value, Value];
  const shift = op === 'shr' ? withConstant(value, 'shr') : null;
  const isNarrow = staysNarrow.has(op) || (shift && shift.bits < 32n);
  if (!isNarrow) return null;
  const [low, other] = [narrow(left, rewriter), narrow(right, rewriter)];
  // Two constants are folded elsewhere; one side must be an extension for this to save anything.
  if (!low || !other) return null;
  const result = rewriter.make({ op }, [low, other], 32);
  return rewriter.make({ op: 'zeroExtend' }, [result], 64);
}

/** Of a stored value only the low bytes count: what only changes the others is passed over. */
export function narrowStore(store: Value, rewriter: Rewriter): void {
  if (store.operation.op !== 'store' || store.operation.access.size === 8) return;
  const mask = maskOf(store.operation.access.size * 8);
  let stored = store.operands[1]!;
  for (;;) {
    const { op } = stored.operation;
    const masked = withConstant(stored, 'and');
    const isResize = op === 'truncate' || op === 'zeroExtend' || op === 'signExtend';
    const isMasked = masked !== null && (masked.bits & mask) === mask;
    if (!isResize && !isMasked) break;
    stored = stored.operands[0]!;
  }
  if (stored === store.operands[1]) return;
  store.operands[1] = stored;
  rewriter.isChanged = true;
}
