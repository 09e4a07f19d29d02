/** Recipes to IR, as straightforwardly as the front end would. */
import type { MapShape } from '@skep/bytecode';
import { FunctionBuilder } from '../ir/builder.ts';
import { Variable } from '../ir/variables.ts';
import {
  type Access,
  type Block,
  type IrProgram,
  type Space,
  turnsMax,
  type Value,
} from '../ir/ir.ts';
import {
  type Condition,
  type Expression,
  mapEntries,
  packetBytes,
  type Recipe,
  type Size,
  type Statement,
  scratchBytes,
} from './recipe.ts';

/** The map that recipes use: numbers of 8 bytes. */
export const recipeMap: MapShape = {
  name: 'numbers',
  kind: 'array',
  keySize: 4,
  valueSize: 8,
  maxEntries: mapEntries,
  flags: 0,
};

const XDP = 6;
const lookup = { id: 1, name: 'map_lookup_elem', movesPacket: false };

/** An XDP program that does what the recipe says. */
export function lowerRecipe(recipe: Recipe): IrProgram {
  const made = new Lowering(recipe).lower();
  return { name: 'recipe', programType: XDP, license: 'GPL', functions: [made] };
}

class Lowering {
  private readonly builder = new FunctionBuilder('recipe');
  private readonly variables: Variable[];
  private readonly scratch: Value;
  private readonly start: Value;
  private readonly end: Value;
  private temporaries = 0;

  constructor(private readonly recipe: Recipe) {
    const { builder } = this;
    this.variables = recipe.widths.map((width, index) => new Variable(`variable ${index}`, width));
    this.scratch = builder.slot('scratch', scratchBytes);
    const context = builder.context();
    this.start = builder.packetBound(context, 0, 4);
    this.end = builder.packetBound(context, 4, 4);
  }

  lower(): ReturnType<FunctionBuilder['finish']> {
    const { builder } = this;
    const limit = builder.offset(this.start, packetBytes);
    builder.choose('gt', limit, this.end, () => builder.return(builder.constant(1, 32)));
    for (let offset = 0; offset < scratchBytes; offset += 8) {
      builder.store(this.scratch, at('stack', offset, 8), builder.constant(0, 64));
    }
    for (const variable of this.variables) {
      builder.write(variable, builder.constant(0, variable.width));
    }
    this.recipe.initial.forEach((value, index) => {
      builder.write(this.variables[index]!, this.value(value));
    });
    this.lowerAll(this.recipe.body);
    builder.return(builder.constant(2, 32));
    return builder.finish();
  }

  private lowerAll(statements: readonly Statement[]): void {
    for (const statement of statements) this.lowerOne(statement);
  }

  private lowerOne(statement: Statement): void {
    const { builder } = this;
    switch (statement.kind) {
      case 'assign':
        builder.write(this.variables[statement.variable]!, this.value(statement.value));
        return;
      case 'if':
        this.choose(
          statement.condition,
          () => this.lowerAll(statement.yes),
          () => this.lowerAll(statement.no),
        );
        return;
      case 'loop':
        this.lowerLoop(statement);
        return;
      case 'write': {
        const base = statement.where === 'packet' ? this.start : this.scratch;
        const space = statement.where === 'packet' ? 'packet' : 'stack';
        const value = this.value(statement.value);
        builder.store(base, at(space, statement.offset, statement.size), value);
        return;
      }
      case 'lookup':
      case 'count':
        this.useMap(statement);
        return;
      case 'peek':
        this.peek(statement);
        return;
      case 'return':
        this.choose(statement.condition, () => {
          builder.return(builder.constant(statement.value, 32));
        });
    }
  }

  private choose(condition: Condition, yes: () => void, no: () => void = () => {}): void {
    const [left, right] = [this.value(condition.left), this.value(condition.right)];
    this.builder.choose(condition.comparison, left, right, yes, no);
  }

  private lowerLoop(statement: Extract<Statement, { kind: 'loop' }>): void {
    const { builder } = this;
    const counter = this.variables[statement.variable]!;
    builder.write(counter, builder.constant(0, 32));
    const [head, after] = [builder.makeBlock(), builder.makeBlock()];
    builder.jump(head);
    builder.start(head);
    const { count, form } = statement;
    builder.inLoop(() => {
      if (form !== 'plain') this.guard(form === 'counted' ? count : turnsMax, after, counter, form);
      if (form !== 'counted') {
        const body = builder.makeBlock();
        const limit = builder.constant(count, 32);
        builder.branch('lt', builder.read(counter), limit, body, after);
        builder.sealAndStart(body);
      }
      this.lowerAll(statement.body);
      const next = builder.binary('add', builder.read(counter), builder.constant(1, 32));
      builder.write(counter, next);
      builder.jump(head);
    });
    builder.seal(head);
    builder.sealAndStart(after);
    if (form === 'counted') builder.write(counter, builder.constant(count, 32));
  }

  /** Leaves when the kernel's turns are used up; a counted loop takes its count from them. */
  private guard(turns: number, after: Block, counter: Variable, form: string): void {
    const { builder } = this;
    const inside = builder.makeBlock();
    const turn = builder.turn(turns);
    builder.branch('ge', turn, builder.constant(turns, 32), after, inside);
    builder.sealAndStart(inside);
    if (form === 'counted') builder.write(counter, turn);
  }

  private useMap(statement: Extract<Statement, { kind: 'lookup' | 'count' }>): void {
    const { builder } = this;
    const added = statement.kind === 'count' ? this.value(statement.value) : null;
    const key = builder.slot('key', 4);
    const index = builder.binary('and', this.value(statement.key), builder.constant(7, 32));
    builder.store(key, at('stack', 0, 4), index);
    const entry = builder.call(lookup, [builder.map(recipeMap), key]);
    const access = at('map', 0, 8);
    const none = builder.constant(0, 64);
    if (statement.kind === 'count') {
      builder.choose('ne', entry, none, () => builder.atomicAdd(entry, access, added!));
      return;
    }
    const variable = this.variables[statement.variable]!;
    builder.write(variable, builder.constant(statement.missing, 64));
    builder.choose('ne', entry, none, () => builder.write(variable, builder.load(entry, access)));
  }

  private peek(statement: Extract<Statement, { kind: 'peek' }>): void {
    const { builder } = this;
    const { size, offset, variable } = statement;
    const low = builder.binary('and', this.value(statement.at), builder.constant(31, 32));
    const from = builder.binary('add', low, builder.constant(offset, 32));
    const pointer = builder.packetPointer(this.start, builder.resize(from, 64));
    builder.choose('le', builder.offset(pointer, size), this.end, () => {
      builder.write(this.variables[variable]!, builder.load(pointer, at('packet', 0, size)));
    });
  }

  private value(expression: Expression): Value {
    const { builder } = this;
    switch (expression.kind) {
      case 'constant':
        return builder.constant(expression.bits, expression.width);
      case 'variable':
        return builder.read(this.variables[expression.index]!);
      case 'packet':
        return builder.load(this.start, at('packet', expression.offset, expression.size));
      case 'scratch':
        return builder.load(this.scratch, at('stack', expression.offset, expression.size));
      case 'negate':
        return builder.negate(this.value(expression.operand));
      case 'swap':
        return builder.byteSwap(this.value(expression.operand), expression.bits);
      case 'resize': {
        const operand = this.value(expression.operand);
        return builder.resize(operand, expression.width, expression.isSigned);
      }
      case 'binary': {
        const [left, right] = [this.value(expression.left), this.value(expression.right)];
        return builder.binary(expression.op, left, right);
      }
      case 'select': {
        const result = new Variable(`select ${this.temporaries++}`, expression.width);
        this.choose(
          expression.condition,
          () => builder.write(result, this.value(expression.yes)),
          () => builder.write(result, this.value(expression.no)),
        );
        return builder.read(result);
      }
    }
  }
}

function at(space: Space, offset: number, size: Size): Access {
  return { space, offset, size };
}
