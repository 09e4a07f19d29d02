/**
 * A number for what a value computes, the same for two values that compute the same. Numbers and
 * not text: the table of common values is asked at every value, and text would have to be made.
 */
import { isCommutative } from '../ir/arithmetic.ts';
import type { Access, Comparison, Value, Width } from '../ir/ir.ts';

/** A key is exact as long as its parts are: 7 bits for the kind, 23 for each of two operands. */
const operandLimit = 2 ** 23;

const kinds: readonly string[] = [
  ...['add', 'sub', 'mul', 'div', 'mod', 'and', 'or', 'xor', 'shl', 'shr', 'sar', 'neg'],
  ...['zeroExtend', 'signExtend', 'truncate', 'byteSwap 16', 'byteSwap 32', 'byteSwap 64'],
  ...['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'slt', 'sle', 'sgt', 'sge'],
  ...['context 1', 'context 2', 'context 4', 'context 8'],
];

const kindNumbers = new Map(kinds.map((kind, index) => [kind, index]));

/** For one run of the pass over one function. */
export class ExpressionKeys {
  /** By value id; 0 for a value that has no number yet. */
  private readonly numbers: Int32Array;
  /** Numbers of what is the same wherever it stands, by its name; of constants by their bits. */
  private readonly floating = new Map<string | bigint, number>();
  private last = 0;

  constructor(valueLimit: number) {
    this.numbers = new Int32Array(valueLimit);
  }

  /** An operation without effect on one or two operands. */
  ofOperation({ operation, operands, width }: Value): number {
    const kind = operation.op === 'byteSwap' ? `byteSwap ${operation.bits}` : operation.op;
    const left = this.numberOf(operands[0]!);
    const right = operands[1] ? this.numberOf(operands[1]) : 0;
    const isSwapped = right < left && isCommutative(kind);
    return isSwapped ? keyOf(kind, width, right, left) : keyOf(kind, width, left, right);
  }

  ofComparison(comparison: Comparison, left: Value, right: Value): number {
    return keyOf(comparison, left.width, this.numberOf(left), this.numberOf(right));
  }

  /** A load from the context, as 64 bits. */
  ofContextLoad(base: Value, { size, offset }: Access): number {
    const at = this.numberOfName(BigInt(offset));
    return keyOf(`context ${size}`, 64, this.numberOf(base), at);
  }

  /** Equal for operands that are the same value. */
  private numberOf(value: Value): number {
    const known = this.numbers[value.id]!;
    if (known !== 0) return known;
    const name = nameOf(value);
    const number = name === null ? this.next() : this.numberOfName(name);
    this.numbers[value.id] = number;
    return number;
  }

  private numberOfName(name: string | bigint): number {
    const known = this.floating.get(name);
    if (known !== undefined) return known;
    const number = this.next();
    this.floating.set(name, number);
    return number;
  }

  private next(): number {
    if (++this.last >= operandLimit) throw new Error(`${this.last} values, fewer are expected`);
    return this.last;
  }
}

function keyOf(kind: string, width: Width, left: number, right: number): number {
  const index = kindNumbers.get(kind);
  if (index === undefined) throw new Error(`common values: ${kind} has no number`);
  const wideKind = 2 * index + (width === 64 ? 1 : 0);
  return (wideKind * operandLimit + left) * operandLimit + right;
}

/** The same for equal values that stand in no block; `null` for a value that is only itself. */
function nameOf({ operation }: Value): string | bigint | null {
  switch (operation.op) {
    case 'constant':
      return operation.bits;
    case 'map':
      return `&${operation.map.name}`;
    case 'loadTime':
      return `$${operation.name}`;
    case 'mapValue':
      return `&${operation.map.name}[0]`;
    case 'function':
      return `&${operation.name}()`;
    case 'kernelField':
      return `@${operation.struct}.${operation.field}`;
    default:
      return null;
  }
}
