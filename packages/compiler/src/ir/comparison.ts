/** What comparisons mean, and how they relate. */
import type { Comparison, Width } from './ir.ts';

/** The comparison that holds where the key does not. */
export const negated: Readonly<Record<Comparison, Comparison>> = {
  eq: 'ne',
  ne: 'eq',
  lt: 'ge',
  le: 'gt',
  gt: 'le',
  ge: 'lt',
  slt: 'sge',
  sle: 'sgt',
  sgt: 'sle',
  sge: 'slt',
};

/** The comparison that says the same with its sides exchanged. */
export const mirrored: Readonly<Record<Comparison, Comparison>> = {
  eq: 'eq',
  ne: 'ne',
  lt: 'gt',
  le: 'ge',
  gt: 'lt',
  ge: 'le',
  slt: 'sgt',
  sle: 'sge',
  sgt: 'slt',
  sge: 'sle',
};

/** What the comparison says of two constants of `width` bits. */
export function compare(
  comparison: Comparison,
  left: bigint,
  right: bigint,
  width: Width,
): boolean {
  const isSigned = comparison.startsWith('s');
  const [a, b] = isSigned
    ? [BigInt.asIntN(width, left), BigInt.asIntN(width, right)]
    : [BigInt.asUintN(width, left), BigInt.asUintN(width, right)];
  switch (comparison) {
    case 'eq':
      return a === b;
    case 'ne':
      return a !== b;
    case 'lt':
    case 'slt':
      return a < b;
    case 'le':
    case 'sle':
      return a <= b;
    case 'gt':
    case 'sgt':
      return a > b;
    case 'ge':
    case 'sge':
      return a >= b;
  }
}
