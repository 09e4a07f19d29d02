/** Rules for byte swaps. */
import { maskOf, swapBytes } from '../ir/arithmetic.ts';
import type { Value } from '../ir/ir.ts';
import { constantOf, type Rewriter, withConstant } from './rewriter.ts';

/** What replaces a byte swap, `null` for nothing. */
export function simplifyByteSwap(value: Value, rewriter: Rewriter): Value | null {
  const { operation, width } = value;
  if (operation.op !== 'byteSwap') return null;
  const operand = value.operands[0]!;
  const { bits } = operation;
  const constant = constantOf(operand);
  if (constant !== null && rewriter.passes.fold) {
    return rewriter.constant(swapBytes(constant, bits), width);
  }
  if (!rewriter.passes.byteSwaps) return null;
  const mask = maskOf(bits);
  const inner = operand.operation;
  if (inner.op === 'byteSwap' && inner.bits === bits) {
    const source = operand.operands[0]!;
    if (rewriter.bits.possibleOnes(source) <= mask) return source;
    return rewriter.make({ op: 'and' }, [source, rewriter.constant(mask, width)], width);
  }
  if (inner.op === 'zeroExtend' && bits <= 32) {
    const low = rewriter.make({ op: 'byteSwap', bits }, [operand.operands[0]!], 32);
    return rewriter.make({ op: 'zeroExtend' }, [low], 64);
  }
  const masked = withConstant(operand, 'and');
  if (masked && (masked.bits & mask) === mask) {
    return rewriter.make({ op: 'byteSwap', bits }, [masked.left], width);
  }
  return null;
}

/**
 * `swap(x)` against a constant, or `swap(x) and c` against a constant: the same question of x, with
 * the constants swapped. `null` where that is not so, or does not pay.
 */
export function unswapComparison(
  left: Value,
  constant: bigint,
  rewriter: Rewriter,
): { readonly left: Value; readonly constant: bigint } | null {
  const { operation, width } = left;
  if (!rewriter.passes.byteSwaps || !rewriter.isUsedOnce(left)) return null;
  if (operation.op === 'byteSwap') {
    const { bits } = operation;
    const source = left.operands[0]!;
    const isWhole = operation.isWhole ?? rewriter.bits.possibleOnes(source) <= maskOf(bits);
    if (constant > maskOf(bits) || !isWhole) return null;
    return { left: source, constant: swapBytes(constant, bits) };
  }
  const masked = withConstant(left, 'and');
  const swap = masked?.left;
  if (swap?.operation.op !== 'byteSwap' || !rewriter.isUsedOnce(swap)) return null;
  const { bits } = swap.operation;
  if (constant > maskOf(bits)) return null;
  const mask = rewriter.constant(swapBytes(masked!.bits, bits), width);
  const test = rewriter.make({ op: 'and' }, [swap.operands[0]!, mask], width);
  return { left: test, constant: swapBytes(constant, bits) };
}
