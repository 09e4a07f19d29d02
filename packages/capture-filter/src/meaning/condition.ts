/**
 * What a filter asks of a packet, in terms of its bytes. Conditions are decided from the left, and
 * only as far as needed: which bytes are read is a part of the meaning, since a read beyond the
 * captured bytes ends the filter.
 */
import { binary, type Expression, NUMBER_MAX, number, printExpression } from './expression.ts';

/** How two numbers are compared, unsigned. */
export type Relation = 'eq' | 'gt' | 'ge';

/** A question with the answer yes or no. */
export type Condition =
  | { readonly kind: 'constant'; readonly value: boolean }
  | { readonly kind: 'not'; readonly of: Condition }
  | { readonly kind: 'and' | 'or'; readonly left: Condition; readonly right: Condition }
  | {
      readonly kind: 'compare';
      readonly relation: Relation;
      readonly left: Expression;
      readonly right: Expression;
    };

/** Yes, or no, whatever the packet. */
export function constant(value: boolean): Condition {
  return { kind: 'constant', value };
}

/** What is known is decided here. */
export function compare(relation: Relation, left: Expression, right: Expression): Condition {
  if (left.kind !== 'number' || right.kind !== 'number') {
    return { kind: 'compare', relation, left, right };
  }
  return constant(holds(relation, left.value, right.value));
}

/** Whether the relation holds between two numbers. */
export function holds(relation: Relation, left: number, right: number): boolean {
  if (relation === 'eq') return left === right;
  return relation === 'gt' ? left > right : left >= right;
}

/** Whether a number is this one, seen through a mask. */
export function equals(left: Expression, value: number, mask?: number): Condition {
  const isWhole = mask === undefined || mask === NUMBER_MAX;
  const seen = isWhole ? left : binary('and', left, number(mask));
  return compare('eq', seen, number(value));
}

/** The left one is decided first. */
export function both(left: Condition, right: Condition): Condition {
  return { kind: 'and', left, right };
}

/** The left one is decided first. */
export function either(left: Condition, right: Condition): Condition {
  return { kind: 'or', left, right };
}

/** The opposite; of a filter that a read has ended there is none: the packet does not match. */
export function not(of: Condition): Condition {
  return { kind: 'not', of };
}

/** All of them, from the left; at least one. */
export function all(...conditions: readonly Condition[]): Condition {
  return conditions.reduce(both);
}

/** Any of them, from the left; at least one. */
export function any(...conditions: readonly Condition[]): Condition {
  return conditions.reduce(either);
}

const signs: Readonly<Record<Relation, string>> = { eq: '==', gt: '>', ge: '>=' };

/** The condition as text, over several lines. */
export function printCondition(condition: Condition, indent = ''): string {
  switch (condition.kind) {
    case 'constant':
      return `${indent}${condition.value}`;
    case 'compare': {
      const { relation, left, right } = condition;
      return `${indent}${printExpression(left)} ${signs[relation]} ${printExpression(right)}`;
    }
    case 'not':
      return `${indent}not\n${printCondition(condition.of, `${indent}  `)}`;
    default: {
      const parts = chain(condition, condition.kind);
      const lines = parts.map((part) => printCondition(part, `${indent}  `));
      return [`${indent}${condition.kind}`, ...lines].join('\n');
    }
  }
}

/** `a and b and c` is one list of three. */
function chain(condition: Condition, kind: 'and' | 'or'): Condition[] {
  if (condition.kind !== kind) return [condition];
  return [...chain(condition.left, kind), ...chain(condition.right, kind)];
}
