/**
 * Numbers that a filter computes from a packet: unsigned, 32 bits, wrapping. A read beyond the
 * captured bytes, and a division by zero, end the whole filter: the packet does not match.
 */

/** What two numbers are combined by. Shifts by 32 or more give 0. */
export type ExpressionOperator =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'mod'
  | 'and'
  | 'or'
  | 'xor'
  | 'shl'
  | 'shr';

/** A number, as data. */
export type Expression =
  | { readonly kind: 'number'; readonly value: number }
  /** Bytes of the packet as it was sent, captured or not. */
  | { readonly kind: 'length' }
  /** Big-endian, at `offset` + `index` from the packet's start; the sum does not wrap. */
  | {
      readonly kind: 'load';
      readonly size: 1 | 2 | 4;
      readonly offset: number;
      readonly index?: Expression;
    }
  | { readonly kind: 'negate'; readonly of: Expression }
  | {
      readonly kind: 'binary';
      readonly operator: ExpressionOperator;
      readonly left: Expression;
      readonly right: Expression;
    };

/** The largest number of 32 bits. */
export const NUMBER_MAX = 0xffff_ffff;

/** A number that is known. */
export function number(value: number): Expression {
  return { kind: 'number', value: value >>> 0 };
}

/** `size` bytes at `offset` from the packet's start, or at `offset` + `index`. */
export function load(size: 1 | 2 | 4, offset: number, index?: Expression): Expression {
  if (!index) return { kind: 'load', size, offset };
  if (index.kind === 'number') return { kind: 'load', size, offset: offset + index.value };
  return { kind: 'load', size, offset, index };
}

/** 0 - x */
export function negate(of: Expression): Expression {
  return of.kind === 'number' ? number(-of.value) : { kind: 'negate', of };
}

/**
 * Combines two numbers; what is known is computed here. As in libpcap, `x & 0`, `0 * x` and the
 * like are 0 without `x` being read where it is one read, also where that would have ended the
 * filter.
 */
export function binary(
  operator: ExpressionOperator,
  left: Expression,
  right: Expression,
): Expression {
  if (left.kind === 'number' && right.kind === 'number') {
    const value = compute(operator, left.value, right.value);
    if (value !== null) return number(value);
  }
  if (right.kind === 'number' && right.value === 0) {
    const isZero = operator === 'mul' || operator === 'and';
    if (isZero && left.kind === 'load') return number(0);
    if (!isZero && operator !== 'div' && operator !== 'mod') return left;
  }
  const isKept =
    operator === 'add' || operator === 'sub' || operator === 'or' || operator === 'xor';
  if (left.kind === 'number' && left.value === 0 && right.kind === 'load' && !isKept) {
    return number(0);
  }
  return { kind: 'binary', operator, left, right };
}

/** What the operator gives; `null` for a division by zero. Both are unsigned, 32 bits. */
export function compute(operator: ExpressionOperator, left: number, right: number): number | null {
  switch (operator) {
    case 'add':
      return (left + right) >>> 0;
    case 'sub':
      return (left - right) >>> 0;
    case 'mul':
      return Math.imul(left, right) >>> 0;
    case 'div':
      return right === 0 ? null : Math.floor(left / right);
    case 'mod':
      return right === 0 ? null : left % right;
    case 'and':
      return (left & right) >>> 0;
    case 'or':
      return (left | right) >>> 0;
    case 'xor':
      return (left ^ right) >>> 0;
    case 'shl':
      return right > 31 ? 0 : (left << right) >>> 0;
    case 'shr':
      return right > 31 ? 0 : left >>> right;
  }
}

/** The expression as text; two are the same if their texts are. */
export function printExpression(expression: Expression): string {
  switch (expression.kind) {
    case 'number': {
      const { value } = expression;
      return value < 10 ? String(value) : `0x${value.toString(16)}`;
    }
    case 'length':
      return 'length';
    case 'load': {
      const { size, offset, index } = expression;
      return `load${size}[${offset}${index ? ` + ${printExpression(index)}` : ''}]`;
    }
    case 'negate':
      return `neg(${printExpression(expression.of)})`;
    case 'binary': {
      const { operator, left, right } = expression;
      return `(${printExpression(left)} ${operator} ${printExpression(right)})`;
    }
  }
}

/** A number that the expression never exceeds. */
export function maximumOf(expression: Expression): number {
  switch (expression.kind) {
    case 'number':
      return expression.value;
    case 'load':
      return 2 ** (8 * expression.size) - 1;
    case 'binary': {
      const { operator, left, right } = expression;
      const known = right.kind === 'number' ? right.value : null;
      return maximumOfOperation(operator, maximumOf(left), maximumOf(right), known);
    }
    default:
      return NUMBER_MAX;
  }
}

/**
 * A number that the result never exceeds, by what the two sides never exceed.
 *
 * @param known the right side, where it is known
 */
export function maximumOfOperation(
  operator: ExpressionOperator,
  left: number,
  right: number,
  known: number | null,
): number {
  const capped = (value: number): number => (value <= NUMBER_MAX ? value : NUMBER_MAX);
  switch (operator) {
    case 'add':
      return capped(left + right);
    case 'mul':
      return capped(left * right);
    case 'and':
      return Math.min(left, right);
    case 'or':
    case 'xor':
      return 2 ** Math.ceil(Math.log2(Math.max(left, right) + 1)) - 1;
    case 'div':
      return known ? Math.floor(left / known) : left;
    case 'mod':
      return Math.min(left, Math.max(right, 1) - 1);
    case 'shl':
      return known === null ? NUMBER_MAX : known > 31 ? 0 : capped(left * 2 ** known);
    case 'shr':
      return known === null ? left : known > 31 ? 0 : left >>> known;
    case 'sub':
      return NUMBER_MAX;
  }
}
