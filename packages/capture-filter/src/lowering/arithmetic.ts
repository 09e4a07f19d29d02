/** The arithmetic of classic BPF, in which the IR’s differs at the limits. */
import { type Block, type FunctionBuilder, type Value, Variable } from '@skep/compiler';
import type { ExpressionOperator } from '../meaning/expression.ts';

const SHIFT_MAX = 31;

/**
 * Two numbers of 32 bits combined. A division by zero goes to `ended`; a shift by 32 or more gives
 * 0.
 *
 * @param rightMaximum what `right` never exceeds
 */
export function arithmetic(
  builder: FunctionBuilder,
  operator: ExpressionOperator,
  left: Value,
  right: Value,
  rightMaximum: number,
  ended: Block,
): Value {
  if (operator === 'div' || operator === 'mod') {
    const divides = builder.makeBlock();
    builder.branch('eq', right, builder.constant(0, 32), ended, divides);
    builder.sealAndStart(divides);
    return builder.binary(operator, left, right);
  }
  if ((operator === 'shl' || operator === 'shr') && rightMaximum > SHIFT_MAX) {
    const shifted = new Variable('shifted', 32);
    builder.choose(
      'gt',
      right,
      builder.constant(SHIFT_MAX, 32),
      () => builder.write(shifted, builder.constant(0, 32)),
      () => builder.write(shifted, builder.binary(operator, left, right)),
    );
    return builder.read(shifted);
  }
  return builder.binary(operator, left, right);
}
