/** Rules for branches. */
import { maskOf } from '../ir/arithmetic.ts';
import { compare, mirrored } from '../ir/comparison.ts';
import { type Block, type Branch, type Comparison, resolve, type Value } from '../ir/ir.ts';
import { unswapComparison } from './byte-swaps.ts';
import { removePredecessor } from './edit.ts';
import { constantOf, type Rewriter, withConstant } from './rewriter.ts';

/** How often the rules below may follow one another at one branch. */
const stepLimit = 8;

/** Simplifies the comparison at the end of `block`; a decided one becomes a jump. */
export function simplifyBranch(block: Block, rewriter: Rewriter): void {
  const end = block.terminator!;
  if (end.kind !== 'branch') return;
  rewriter.position = end.position;
  end.left = resolve(end.left);
  end.right = resolve(end.right);
  if (!rewriter.passes.fold) return;
  for (let step = 0; step < stepLimit; step++) {
    if (!simplifyComparison(end, rewriter)) break;
    rewriter.isChanged = true;
  }
  const isTrue = outcomeOf(end, rewriter);
  if (isTrue === null) return;
  removePredecessor(isTrue ? end.ifFalse : end.ifTrue, block);
  block.terminator = { kind: 'jump', to: isTrue ? end.ifTrue : end.ifFalse };
  rewriter.isChanged = true;
}

/** Whether the branch became a simpler one. */
function simplifyComparison(end: Branch, rewriter: Rewriter): boolean {
  if (constantOf(end.left) !== null && constantOf(end.right) === null) {
    [end.left, end.right] = [end.right, end.left];
    end.comparison = mirrored[end.comparison];
    return true;
  }
  if (narrowComparison(end, rewriter)) return true;
  const constant = constantOf(end.right);
  if (constant === null) return false;
  if (end.comparison === 'eq' || end.comparison === 'ne') {
    return simplifyEquality(end, constant, rewriter);
  }
  const asEquality = equalityOf(end.comparison, constant);
  if (!asEquality) return false;
  end.comparison = asEquality;
  end.right = rewriter.constant(0, end.width);
  return true;
}

/** Extended values are compared as they were before. */
function narrowComparison(end: Branch, rewriter: Rewriter): boolean {
  const { left, right } = end;
  if (left.operation.op !== 'zeroExtend' || end.comparison.startsWith('s')) return false;
  const constant = constantOf(right);
  if (constant !== null && constant <= maskOf(32)) end.right = rewriter.constant(constant, 32);
  else if (right.operation.op === 'zeroExtend') end.right = right.operands[0]!;
  else return false;
  end.left = left.operands[0]!;
  end.width = 32;
  return true;
}

/** `x < 1`, `x <= 0` ask whether x is zero, `x > 0`, `x >= 1` whether it is not. */
function equalityOf(comparison: Comparison, constant: bigint): 'eq' | 'ne' | null {
  if ((comparison === 'lt' && constant === 1n) || (comparison === 'le' && constant === 0n)) {
    return 'eq';
  }
  const isPositive =
    (comparison === 'gt' && constant === 0n) || (comparison === 'ge' && constant === 1n);
  return isPositive ? 'ne' : null;
}

function simplifyEquality(end: Branch, constant: bigint, rewriter: Rewriter): boolean {
  const { left, width } = end;
  const unswapped = unswapComparison(left, constant, rewriter);
  if (unswapped) {
    end.left = unswapped.left;
    end.right = rewriter.constant(unswapped.constant, width);
    return true;
  }
  // A pointer may only be compared with zero, and is never 32 bits wide.
  if (width !== 32 || !rewriter.isUsedOnce(left)) return false;
  const [sum, difference] = [withConstant(left, 'add'), withConstant(left, 'xor')];
  const inner = sum ?? difference;
  if (!inner) return false;
  end.left = inner.left;
  end.right = rewriter.constant(sum ? constant - inner.bits : constant ^ inner.bits, width);
  return true;
}

/** How the branch goes, `null` where that is not known. */
function outcomeOf(end: Branch, rewriter: Rewriter): boolean | null {
  const { comparison, left, right, width } = end;
  const a = constantOf(left);
  const b = constantOf(right);
  if (a !== null && b !== null) return compare(comparison, a, b, width);
  if (left === right) return compare(comparison, 0n, 0n, width);
  if (b === null) return null;
  if (b === 0n && isNonNull(left)) {
    if (comparison === 'eq') return false;
    if (comparison === 'ne') return true;
  }
  return outcomeByRange(comparison, rewriter.bits.possibleOnes(left), b);
}

/** `most`: the bits that may be one, thus also the largest value of the left side. */
function outcomeByRange(comparison: Comparison, most: bigint, right: bigint): boolean | null {
  switch (comparison) {
    case 'eq':
      return (right & ~most) === 0n ? null : false;
    case 'ne':
      return (right & ~most) === 0n ? null : true;
    case 'gt':
      return most <= right ? false : null;
    case 'le':
      return most <= right ? true : null;
    case 'lt':
      return right === 0n ? false : most < right ? true : null;
    case 'ge':
      return right === 0n ? true : most < right ? false : null;
    default:
      return null;
  }
}

/** Whether `value` is an address that is never null. */
export function isNonNull(value: Value): boolean {
  const { operation } = value;
  switch (operation.op) {
    case 'slot':
    case 'map':
    case 'context':
      return true;
    case 'load':
      return operation.access.space === 'packetBounds';
    case 'add':
      return !!operation.isPacketPointer || isNonNullSum(value);
    default:
      return false;
  }
}

function isNonNullSum(value: Value): boolean {
  const sum = withConstant(value, 'add');
  const base = sum?.left.operation;
  if (base?.op === 'slot' || base?.op === 'context') return true;
  return base?.op === 'add' && !!base.isPacketPointer;
}
