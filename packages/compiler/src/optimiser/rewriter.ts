/**
 * What a rule of `simplify` may ask and make: constants, new values in front of the one that is
 * being simplified, known bits, and how often a value is used.
 */
import { isBinary } from '../ir/arithmetic.ts';
import type { Block, IrFunction, Operation, SourcePosition, Value, Width } from '../ir/ir.ts';
import { UseTable } from '../ir/use-table.ts';
import { KnownBits } from './known-bits.ts';
import type { Passes } from './passes.ts';

/** One for each run of `simplify`. */
export class Rewriter {
  readonly bits: KnownBits;
  /** Something was changed in place. */
  isChanged = false;
  /** Where new values go, in order. */
  output: Value[] = [];
  block!: Block;
  position: SourcePosition | null = null;
  private readonly uses: UseTable;

  constructor(
    private readonly made: IrFunction,
    readonly passes: Passes,
  ) {
    this.bits = new KnownBits(made);
    this.uses = new UseTable(made);
  }

  constant(bits: bigint | number, width: Width): Value {
    return this.made.makeConstant(bits, width);
  }

  make(operation: Operation, operands: Value[], width: Width): Value {
    const value = this.made.makeValue(operation, operands, width, this.position);
    value.block = this.block;
    this.output.push(value);
    this.bits.learn(value);
    return value;
  }

  /** As counted before the pass: a rule uses it to tell what pays, never what is right. */
  isUsedOnce(value: Value): boolean {
    return this.uses.count(value) === 1;
  }
}

/** The bits of a constant, else `null`. */
export function constantOf(value: Value | undefined): bigint | null {
  return value?.operation.op === 'constant' ? value.operation.bits : null;
}

/** x and c of a binary operation `x op c`, else `null`. */
export function withConstant(
  value: Value,
  op: string,
): { readonly left: Value; readonly bits: bigint } | null {
  if (value.operation.op !== op || !isBinary(op)) return null;
  const bits = constantOf(value.operands[1]);
  return bits === null ? null : { left: value.operands[0]!, bits };
}
