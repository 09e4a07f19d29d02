import type { BinaryOperator, Comparison, Width } from '../ir/ir.ts';
import type { Random } from './random.ts';
import {
  type Condition,
  type Expression,
  packetBytes,
  type Recipe,
  resultsOffset,
  type Size,
  type Statement,
  scratchBytes,
} from './recipe.ts';

const operators: readonly BinaryOperator[] = [
  ...(['add', 'add', 'sub', 'mul', 'div', 'mod', 'and', 'and', 'or', 'xor'] as const),
  ...(['shl', 'shr', 'sar'] as const),
];

const comparisons: readonly Comparison[] = [
  ...(['eq', 'ne', 'eq', 'ne', 'lt', 'le', 'gt', 'ge', 'slt', 'sle', 'sgt', 'sge'] as const),
];

/** Where arithmetic goes wrong if it does: limits, masks, powers of two. */
const telling: readonly bigint[] = [
  ...[0n, 1n, 2n, 3n, 7n, 8n, 10n, 31n, 32n, 63n, 255n, 256n, 0x800n, 0xff00n, 0xffffn, 0x10000n],
  ...[0x12345678n, 0x7fffffffn, 0x80000000n, 0xffffff00n, 0xffffffffn, 0x100000000n],
  ...[0x7fffffffffffffffn, 0x8000000000000000n, 0xffffffff80000000n, 0xffffffffffffffffn],
];

/** How large a recipe becomes. */
export interface GenerateOptions {
  /** Statements of the outermost body. */
  readonly statements: number;
}

/** A random recipe. */
export function generateRecipe(random: Random, options: GenerateOptions): Recipe {
  return new Generator(random).generate(options.statements);
}

class Generator {
  private readonly widths: Width[] = [];
  /** Loop counters, which bodies only read. */
  private readonly counters = new Set<number>();

  constructor(private readonly random: Random) {}

  generate(statements: number): Recipe {
    const initial: Expression[] = [];
    for (let count = 2 + this.random.below(5); count > 0; count--) {
      const width = this.width();
      initial.push(this.expression(width, 2));
      this.widths.push(width);
    }
    const body = this.block(statements, 3, 0);
    for (let offset = resultsOffset; offset < packetBytes; offset += 8) {
      const value = this.expression(64, 1);
      body.push({ kind: 'write', where: 'packet', offset, size: 8, value });
    }
    return { widths: this.widths, initial, body };
  }

  private width(): Width {
    return this.random.pick([32, 64]);
  }

  private block(count: number, depth: number, loops: number): Statement[] {
    return Array.from({ length: count }, () => this.statement(depth, loops));
  }

  private statement(depth: number, loops: number): Statement {
    const { random } = this;
    const choice = random.below(depth > 0 ? 12 : 9);
    switch (choice) {
      case 0:
      case 1:
      case 2:
        return this.assign();
      case 3:
      case 4:
        return this.write();
      case 5: {
        const key = this.expression(32, 1);
        return { kind: 'lookup', variable: this.target(64), key, missing: random.pick(telling) };
      }
      case 6:
        return { kind: 'count', key: this.expression(32, 1), value: this.expression(64, 2) };
      case 7:
      case 8: {
        const size = random.pick<Size>([1, 2, 4, 8]);
        const variable = this.target(size === 8 ? 64 : 32);
        return {
          kind: 'peek',
          variable,
          at: this.expression(32, 2),
          offset: random.below(40),
          size,
        };
      }
      case 9:
        if (loops < 2) return this.loop(depth, loops);
        return this.assign();
      case 10:
        if (random.oneIn(4)) {
          return { kind: 'return', condition: this.condition(2), value: random.below(4) };
        }
        return this.assign();
      default: {
        const yes = this.block(1 + random.below(3), depth - 1, loops);
        const no = this.block(random.below(3), depth - 1, loops);
        return { kind: 'if', condition: this.condition(2), yes, no };
      }
    }
  }

  private assign(): Statement {
    const variable = this.target(this.width());
    return { kind: 'assign', variable, value: this.expression(this.widths[variable]!, 3) };
  }

  private write(): Statement {
    const size = this.random.pick<Size>([1, 2, 4, 8]);
    const where = this.random.pick(['packet', 'scratch', 'scratch'] as const);
    const first = where === 'packet' ? resultsOffset : 0;
    const room = where === 'packet' ? packetBytes - resultsOffset : scratchBytes;
    const offset = first + size * this.random.below(room / size);
    const value = this.random.oneIn(3)
      ? this.constant(size === 8 ? 64 : 32)
      : this.expression(size === 8 ? 64 : this.width(), 2);
    return { kind: 'write', where, offset, size, value };
  }

  private loop(depth: number, loops: number): Statement {
    const variable = this.widths.push(32) - 1;
    this.counters.add(variable);
    const body = this.block(1 + this.random.below(2), depth - 1, loops + 1);
    const form = this.random.pick(['plain', 'guarded', 'counted'] as const);
    return { kind: 'loop', variable, count: 1 + this.random.below(5), form, body };
  }

  /** A variable of `width` that may be written: an old one, or the first of its kind. */
  private target(width: Width): number {
    const fitting = this.widths.flatMap((each, index) =>
      each === width && !this.counters.has(index) ? [index] : [],
    );
    return fitting.length > 0 ? this.random.pick(fitting) : this.widths.push(width) - 1;
  }

  private constant(width: Width): Expression {
    const { random } = this;
    const wide = (BigInt(random.bits32()) << 32n) | BigInt(random.bits32());
    const bits = random.oneIn(4) ? wide : random.pick(telling);
    return { kind: 'constant', width, bits: BigInt.asUintN(width, bits) };
  }

  private leaf(width: Width): Expression {
    const { random } = this;
    const known = this.widths.flatMap((each, index) => (each === width ? [index] : []));
    if (known.length > 0 && !random.oneIn(3)) {
      return { kind: 'variable', width, index: random.pick(known) };
    }
    if (random.oneIn(3)) return this.constant(width);
    const size = width === 64 ? 8 : random.pick<Size>([1, 2, 4]);
    const kind = random.oneIn(4) ? 'scratch' : 'packet';
    const room = kind === 'packet' ? packetBytes : scratchBytes;
    return { kind, width, offset: size * random.below(room / size), size };
  }

  private expression(width: Width, depth: number): Expression {
    const { random } = this;
    if (depth === 0 || random.oneIn(5)) return this.leaf(width);
    const operand = (wanted: Width): Expression => this.expression(wanted, depth - 1);
    switch (random.below(9)) {
      case 0:
        return { kind: 'negate', width, operand: operand(width) };
      case 1: {
        const bits = random.pick(width === 64 ? ([16, 32, 64] as const) : ([16, 32] as const));
        return { kind: 'swap', width, bits, operand: operand(width) };
      }
      case 2: {
        const other = width === 64 ? 32 : 64;
        return { kind: 'resize', width, isSigned: random.oneIn(3), operand: operand(other) };
      }
      case 3: {
        const condition = this.condition(depth - 1);
        return { kind: 'select', width, condition, yes: operand(width), no: operand(width) };
      }
      default: {
        const op = random.pick(operators);
        const right = random.oneIn(2) ? this.constant(width) : operand(width);
        return { kind: 'binary', width, op, left: operand(width), right };
      }
    }
  }

  private condition(depth: number): Condition {
    const width = this.width();
    const left = this.expression(width, depth);
    const right = this.random.oneIn(2) ? this.constant(width) : this.expression(width, depth);
    return { comparison: this.random.pick(comparisons), left, right };
  }
}
