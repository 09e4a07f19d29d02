/** From a decision graph to blocks of the IR, in the order in which the tests are asked. */
import type { Block, Comparison, FunctionBuilder, Value } from '@skep/compiler';
import type { Relation } from '../meaning/condition.ts';
import { type Expression, maximumOf, printExpression } from '../meaning/expression.ts';
import { bytesNeeded, type Decision, inOrder, type Test } from './decision-graph.ts';
import type { Exits } from './matcher.ts';
import type { PacketReader } from './packet-reader.ts';
import { arithmetic } from './arithmetic.ts';

/** What holds on every way to a place. */
interface Known {
  /** Bytes from the packet's start. */
  readonly bytes: number;
  /** By the text of the expression. */
  readonly values: ReadonlyMap<string, Value>;
}

const comparisons: Readonly<Record<Relation, Comparison>> = { eq: 'eq', gt: 'gt', ge: 'ge' };

/** Emits the graph from the current block on. */
export function lowerFilter(
  builder: FunctionBuilder,
  reader: PacketReader,
  root: Decision,
  exits: Exits,
): void {
  new FilterLowering(builder, reader, exits).lower(root);
}

class FilterLowering {
  private readonly blocks = new Map<Decision, Block>();
  private readonly known = new Map<Decision, Known>();
  private needed: ReadonlyMap<Decision, number> = new Map();
  /** What holds where operations go now. */
  private bytes = 0;
  private values = new Map<string, Value>();

  constructor(
    private readonly builder: FunctionBuilder,
    private readonly reader: PacketReader,
    private readonly exits: Exits,
  ) {}

  lower(root: Decision): void {
    const order = inOrder(root);
    this.needed = bytesNeeded(order);
    if (root.kind === 'end') {
      this.builder.jump(this.blockOf(root));
      return;
    }
    this.known.set(root, { bytes: 0, values: new Map() });
    for (const test of order) {
      if (test !== root) this.builder.sealAndStart(this.blockOf(test));
      this.lowerTest(test);
    }
  }

  private lowerTest(test: Test): void {
    const known = this.known.get(test)!;
    this.bytes = known.bytes;
    this.values = new Map(known.values);
    const needed = this.needed.get(test)!;
    if (needed > this.bytes && this.reader.demand(needed, this.exits.miss)) this.bytes = needed;
    const left = this.value(test.left);
    const right = this.value(test.right);
    const [ifTrue, ifFalse] = [this.blockOf(test.ifTrue), this.blockOf(test.ifFalse)];
    this.builder.branch(comparisons[test.relation], left, right, ifTrue, ifFalse);
    this.arrive(test.ifTrue);
    this.arrive(test.ifFalse);
  }

  /** What holds at `to` is what holds on all ways there. */
  private arrive(to: Decision): void {
    const others = this.known.get(to);
    if (!others) {
      this.known.set(to, { bytes: this.bytes, values: this.values });
      return;
    }
    const values = [...others.values].filter(([key, value]) => this.values.get(key) === value);
    this.known.set(to, { bytes: Math.min(others.bytes, this.bytes), values: new Map(values) });
  }

  private blockOf(to: Decision): Block {
    if (to.kind === 'end') return to.matches ? this.exits.match : this.exits.miss;
    const block = this.blocks.get(to) ?? this.builder.makeBlock();
    this.blocks.set(to, block);
    return block;
  }

  private value(expression: Expression): Value {
    if (expression.kind === 'number') return this.builder.constant(expression.value, 32);
    if (expression.kind === 'length') return this.reader.length;
    const key = printExpression(expression);
    const value = this.values.get(key) ?? this.compute(expression);
    this.values.set(key, value);
    return value;
  }

  private compute(expression: Exclude<Expression, { kind: 'number' | 'length' }>): Value {
    const { builder } = this;
    switch (expression.kind) {
      case 'negate':
        return builder.negate(this.value(expression.of));
      case 'load':
        return this.load(expression);
      case 'binary': {
        const { operator, left, right } = expression;
        const sides = [this.value(left), this.value(right)] as const;
        return arithmetic(builder, operator, ...sides, maximumOf(right), this.exits.miss);
      }
    }
  }

  private load({ size, offset, index }: Extract<Expression, { kind: 'load' }>): Value {
    const place = index && { value: this.value(index), maximum: maximumOf(index) };
    const read = { size, offset, known: this.bytes, ...(place ? { index: place } : {}) };
    const value = this.reader.read(read, this.exits.miss);
    if (!place) this.bytes = Math.max(this.bytes, offset + size);
    return value;
  }
}
