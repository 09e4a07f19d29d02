/**
 * Runs a recipe on big integers. It shares no arithmetic with the compiler, so that a mistake there
 * cannot be made here too.
 */
import type { BinaryOperator, Comparison, Width } from '../ir/ir.ts';
import {
  type Condition,
  type Expression,
  packetBytes,
  type Recipe,
  type Size,
  type Statement,
  scratchBytes,
} from './recipe.ts';

/** What a run leaves behind. */
export interface Outcome {
  readonly returnValue: number;
  readonly packet: Uint8Array;
  /** The values of the array map. */
  readonly entries: readonly bigint[];
}

/** Thrown to leave nested statements. */
class Returned {
  constructor(readonly value: number) {}
}

/** Runs the recipe on a copy of the packet and of the map's entries. */
export function evaluateRecipe(
  recipe: Recipe,
  packet: Uint8Array,
  entries: readonly bigint[],
): Outcome {
  const model = new Model(recipe, packet.slice(), [...entries]);
  return { returnValue: model.run(), packet: model.packet, entries: model.entries };
}

class Model {
  private readonly variables: bigint[];
  private readonly scratch = new Uint8Array(scratchBytes);

  constructor(
    private readonly recipe: Recipe,
    readonly packet: Uint8Array,
    readonly entries: bigint[],
  ) {
    this.variables = recipe.widths.map(() => 0n);
  }

  run(): number {
    this.recipe.initial.forEach((value, index) => {
      this.variables[index] = this.value(value);
    });
    try {
      this.runAll(this.recipe.body);
    } catch (thrown) {
      if (thrown instanceof Returned) return thrown.value;
      throw thrown;
    }
    return 2;
  }

  private runAll(statements: readonly Statement[]): void {
    for (const statement of statements) this.runOne(statement);
  }

  private runOne(statement: Statement): void {
    switch (statement.kind) {
      case 'assign':
        this.variables[statement.variable] = this.value(statement.value);
        return;
      case 'if':
        this.runAll(this.holds(statement.condition) ? statement.yes : statement.no);
        return;
      case 'loop':
        for (let count = 0; count < statement.count; count++) {
          this.variables[statement.variable] = BigInt(count);
          this.runAll(statement.body);
        }
        this.variables[statement.variable] = BigInt(statement.count);
        return;
      case 'write': {
        const bytes = statement.where === 'packet' ? this.packet : this.scratch;
        write(bytes, statement.offset, statement.size, this.value(statement.value));
        return;
      }
      case 'lookup':
      case 'count':
        this.useMap(statement);
        return;
      case 'peek': {
        const at = Number(this.value(statement.at) & 31n) + statement.offset;
        if (at + statement.size > packetBytes) return;
        this.variables[statement.variable] = read(this.packet, at, statement.size);
        return;
      }
      case 'return':
        if (this.holds(statement.condition)) throw new Returned(statement.value);
    }
  }

  private useMap(statement: Extract<Statement, { kind: 'lookup' | 'count' }>): void {
    // The sum is computed before the map is asked, as the program does.
    const added = statement.kind === 'count' ? this.value(statement.value) : 0n;
    const key = Number(this.value(statement.key) & 7n);
    const entry = this.entries[key];
    if (statement.kind === 'lookup') {
      this.variables[statement.variable] = entry ?? statement.missing;
    } else if (entry !== undefined) {
      this.entries[key] = BigInt.asUintN(64, entry + added);
    }
  }

  private value(expression: Expression): bigint {
    return BigInt.asUintN(expression.width, this.wideValue(expression));
  }

  private wideValue(expression: Expression): bigint {
    switch (expression.kind) {
      case 'constant':
        return expression.bits;
      case 'variable':
        return this.variables[expression.index]!;
      case 'packet':
        return read(this.packet, expression.offset, expression.size);
      case 'scratch':
        return read(this.scratch, expression.offset, expression.size);
      case 'negate':
        return -this.value(expression.operand);
      case 'swap':
        return swap(this.value(expression.operand), expression.bits);
      case 'resize': {
        const value = this.value(expression.operand);
        return expression.isSigned ? BigInt.asIntN(expression.operand.width, value) : value;
      }
      case 'select':
        return this.value(this.holds(expression.condition) ? expression.yes : expression.no);
      case 'binary': {
        const [left, right] = [this.value(expression.left), this.value(expression.right)];
        return calculate(expression.op, left, right, expression.width);
      }
    }
  }

  private holds({ comparison, left, right }: Condition): boolean {
    return holds(comparison, this.value(left), this.value(right), left.width);
  }
}

function calculate(op: BinaryOperator, left: bigint, right: bigint, width: Width): bigint {
  const amount = right % BigInt(width);
  if (op === 'add') return left + right;
  if (op === 'sub') return left - right;
  if (op === 'mul') return left * right;
  if (op === 'div') return right ? left / right : 0n;
  if (op === 'mod') return right ? left % right : left;
  if (op === 'and') return left & right;
  if (op === 'or') return left | right;
  if (op === 'xor') return left ^ right;
  if (op === 'shl') return left << amount;
  return op === 'shr' ? left >> amount : BigInt.asIntN(width, left) >> amount;
}

function holds(comparison: Comparison, left: bigint, right: bigint, width: Width): boolean {
  if (comparison === 'eq') return left === right;
  if (comparison === 'ne') return left !== right;
  const isSigned = comparison[0] === 's';
  const [a, b] = isSigned ? [left, right].map((side) => BigInt.asIntN(width, side)) : [left, right];
  const name = isSigned ? comparison.slice(1) : comparison;
  if (name === 'lt') return a! < b!;
  if (name === 'le') return a! <= b!;
  return name === 'gt' ? a! > b! : a! >= b!;
}

function swap(value: bigint, bits: number): bigint {
  const bytes = new Uint8Array(8);
  write(bytes, 0, 8, value);
  return bytes.subarray(0, bits / 8).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

/** Little-endian. */
function read(bytes: Uint8Array, offset: number, size: Size): bigint {
  let value = 0n;
  for (let at = size - 1; at >= 0; at--) value = (value << 8n) | BigInt(bytes[offset + at]!);
  return value;
}

function write(bytes: Uint8Array, offset: number, size: Size, value: bigint): void {
  for (let at = 0; at < size; at++) bytes[offset + at] = Number((value >> BigInt(8 * at)) & 0xffn);
}
