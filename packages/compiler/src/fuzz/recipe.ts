/**
 * A recipe: a random program that can be run without a compiler (`model.ts`) and be turned into IR
 * (`lower.ts`). Both must come to the same result.
 *
 * The program is given a packet of 64 bytes. It reads anywhere, writes its results into the second
 * half, and uses an array map, a stack object that begins as zeroes, and variables of 32 or 64
 * bits.
 */
import type { BinaryOperator, Comparison, Width } from '../ir/ir.ts';

/** The length of every packet that recipes are run on. */
export const packetBytes = 64;
/** Where in the packet results begin. */
export const resultsOffset = 32;
/** The size of the stack object. */
export const scratchBytes = 32;
/** Entries of the array map; keys up to 7 are asked for. */
export const mapEntries = 5;

/** Bytes of one access. */
export type Size = 1 | 2 | 4 | 8;

/** Something that has a value. The arithmetic is that of the IR. */
export type Expression =
  | { readonly kind: 'constant'; readonly width: Width; readonly bits: bigint }
  | { readonly kind: 'variable'; readonly width: Width; readonly index: number }
  | { readonly kind: 'packet'; readonly width: Width; readonly offset: number; readonly size: Size }
  | {
      readonly kind: 'scratch';
      readonly width: Width;
      readonly offset: number;
      readonly size: Size;
    }
  | {
      readonly kind: 'binary';
      readonly width: Width;
      readonly op: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'negate'; readonly width: Width; readonly operand: Expression }
  | {
      readonly kind: 'swap';
      readonly width: Width;
      readonly bits: 16 | 32 | 64;
      readonly operand: Expression;
    }
  | {
      readonly kind: 'resize';
      readonly width: Width;
      readonly isSigned: boolean;
      readonly operand: Expression;
    }
  | {
      readonly kind: 'select';
      readonly width: Width;
      readonly condition: Condition;
      readonly yes: Expression;
      readonly no: Expression;
    };

/** A comparison of two expressions of one width. */
export interface Condition {
  readonly comparison: Comparison;
  readonly left: Expression;
  readonly right: Expression;
}

/** Something that is done. */
export type Statement =
  | { readonly kind: 'assign'; readonly variable: number; readonly value: Expression }
  | {
      readonly kind: 'if';
      readonly condition: Condition;
      readonly yes: readonly Statement[];
      readonly no: readonly Statement[];
    }
  /**
   * The variable counts from 0 to `count` - 1; the body does not write it. `guarded`: each turn
   * asks the kernel too; `counted`: the variable is the kernel's count.
   */
  | {
      readonly kind: 'loop';
      readonly variable: number;
      readonly count: number;
      readonly form: 'plain' | 'guarded' | 'counted';
      readonly body: readonly Statement[];
    }
  | {
      readonly kind: 'write';
      readonly where: 'packet' | 'scratch';
      readonly offset: number;
      readonly size: Size;
      readonly value: Expression;
    }
  /** The entry at key & 7, or `missing` where there is none. */
  | {
      readonly kind: 'lookup';
      readonly variable: number;
      readonly key: Expression;
      readonly missing: bigint;
    }
  /** Adds to the entry at key & 7, if there is one. */
  | { readonly kind: 'count'; readonly key: Expression; readonly value: Expression }
  /** Reads the packet at (at & 31) + offset, if it lies within. */
  | {
      readonly kind: 'peek';
      readonly variable: number;
      readonly at: Expression;
      readonly offset: number;
      readonly size: Size;
    }
  | { readonly kind: 'return'; readonly condition: Condition; readonly value: number };

/** A whole program. */
export interface Recipe {
  /** By variable. The first are set before the body begins. */
  readonly widths: readonly Width[];
  readonly initial: readonly Expression[];
  readonly body: readonly Statement[];
}
