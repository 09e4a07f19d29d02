/**
 * Rules for addresses. An offset that a load or store carries itself costs nothing.
 *
 * A packet pointer with a variable part must stay one value: the verifier gives each addition an
 * identity of its own, and a check of one says nothing of another. So only constants are moved.
 */
import type { Value } from '../ir/ir.ts';
import { constantOf, type Rewriter, withConstant } from './rewriter.ts';

/** Offsets of loads and stores have 16 bits. */
const offsetLimit = 0x7fff;

/**
 * The verifier gives up on a packet pointer whose variable part may exceed this. @source
 * MAX_PACKET_OFF
 */
const packetOffsetLimit = 0xffffn;

/** [(base + c) + offset] is [base + (c + offset)]. */
export function foldAddress(access: Value, rewriter: Rewriter): void {
  const { operation } = access;
  if (!('access' in operation)) return;
  const sum = withConstant(access.operands[0]!, 'add');
  if (!sum) return;
  const offset = operation.access.offset + Number(BigInt.asIntN(64, sum.bits));
  if (Math.abs(offset) > offsetLimit) return;
  access.operation = { ...operation, access: { ...operation.access, offset } };
  access.operands[0] = sum.left;
  rewriter.isChanged = true;
}

/** Moves the constant part of a sum outwards, so that it ends in the offset of a load or store. */
export function foldPacketPointer(value: Value, rewriter: Rewriter): Value | null {
  const { operation } = value;
  if (operation.op !== 'add' || value.width !== 64) return null;
  const [left, right] = value.operands as [Value, Value];
  if (constantOf(right) !== null) return null;
  const isPacketPointer = !!operation.isPacketPointer;
  const addOffset = (base: Value, bits: bigint): Value =>
    rewriter.make({ op: 'add' }, [base, rewriter.constant(bits, 64)], 64);
  // (data + c) + x is (data + x) + c
  const base = withConstant(left, 'add');
  if (base && (isPacketPointer || rewriter.isUsedOnce(left))) {
    return addOffset(rewriter.make(operation, [base.left, right], 64), base.bits);
  }
  if (!isPacketPointer) return null;
  // data + (x + c) is (data + x) + c, if x is known to be small: the verifier must see the limit
  // of x itself, not that of the sum which the program may have checked.
  const isExtended = right.operation.op === 'zeroExtend';
  const offset = withConstant(isExtended ? right.operands[0]! : right, 'add');
  if (!offset || offset.bits > packetOffsetLimit) return null;
  if (rewriter.bits.possibleOnes(offset.left) + offset.bits > packetOffsetLimit) return null;
  const variable = isExtended
    ? rewriter.make({ op: 'zeroExtend' }, [offset.left], 64)
    : offset.left;
  return addOffset(rewriter.make(operation, [left, variable], 64), offset.bits);
}
