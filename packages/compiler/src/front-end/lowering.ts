/**
 * The state of lowering one function, and the door between the rules: every rule is a function that
 * takes this state first, and reaches the others through it, so that the rule files do not import
 * each other in circles.
 */
import type { MapDeclaration } from '@skep/ebpf';
import type ts from '@typescript/typescript6';
import type { DiagnosticList } from '../diagnostics/report.ts';
import { describe, Refusal } from '../diagnostics/report.ts';
import type { FunctionBuilder } from '../ir/builder.ts';
import type { Variable } from '../ir/variables.ts';
import type { Block, IrFunction, SourcePosition, Value } from '../ir/ir.ts';
import type { Computed, Result, Type } from './result.ts';
import type { Callable } from './syntax.ts';
import type { World } from './world.ts';

/**
 * What a name stands for. `failed`: its initial value was refused, so using it says nothing new.
 */
export type Binding =
  | { readonly kind: 'result'; readonly result: Result }
  | { readonly kind: 'variable'; readonly variable: Variable; readonly type: Type }
  | { readonly kind: 'failed' };

/** Where break and continue go. */
export interface JumpTarget {
  readonly label: string | null;
  readonly onBreak: Block;
  /** `null`: a switch or a block. */
  readonly onContinue: Block | null;
  /** Left only by its label. */
  readonly isBlock?: boolean;
}

/** A path that has ended with a result and waits to be joined with the others. */
export interface OpenEnd {
  readonly block: Block | null;
  readonly result: Result;
  readonly node: ts.Node;
}

/** One function that is being lowered, or inlined into another. */
export class Frame {
  readonly jumps: JumpTarget[] = [];
  readonly ends: OpenEnd[] = [];
  /** A loop in it may be left because its turns are used up. */
  hasGuardedLoop = false;

  constructor(
    readonly declaration: Callable,
    readonly parent: Frame | null,
    /** A body that is lowered in place sees those around it. */
    readonly bindings = new Map<ts.Symbol, Binding>(),
  ) {}
}

/** A comparison that holds in `block` and everything that it dominates. */
export interface Fact {
  readonly block: Block;
  readonly value: Value;
  readonly max: bigint;
}

/** As `Fact`, of a signed value: on one side of a comparison with a number. */
export interface SignedFact {
  readonly block: Block;
  readonly value: Value;
  readonly min?: bigint;
  readonly max?: bigint;
}

/** A record of a ring buffer that was submitted or discarded in `block`. */
export interface GoneRecord {
  readonly block: Block;
  readonly value: Value;
  readonly by: string;
  readonly line: number;
}

/** What a parameter of a subprogram is bound to: a value passed at run time, or one known now. */
export type ParameterBinding =
  | { readonly kind: 'passed'; readonly type: Type }
  | { readonly kind: 'known'; readonly result: Result };

/** One subprogram, and what it was made from. */
export interface MadeSubprogram {
  readonly declaration: Callable;
  readonly bindings: readonly ParameterBinding[];
  readonly function: IrFunction;
  readonly movesPacket: boolean;
  /** Of a timer's callback: the map whose entries it is called with. */
  readonly timerMap?: MapDeclaration;
}

/** Subprograms of one program. */
export interface SubprogramTable {
  readonly made: MadeSubprogram[];
  readonly underWay: Set<Callable>;
  /** Of all functions of the program. */
  readonly names: Set<string>;
  /** Of callbacks that are under way: one may start its own timer again. */
  readonly timerNames: Map<Callable, string>;
}

/** The rules, one function for each kind of syntax. */
export interface Rules {
  expression(state: Lowering, node: ts.Expression): Result;
  condition(state: Lowering, node: ts.Expression, ifTrue: Block, ifFalse: Block): void;
  statement(state: Lowering, node: ts.Statement): void;
  inline(
    state: Lowering,
    declaration: Callable,
    results: readonly (Result | undefined)[],
    node: ts.Node,
  ): Result;
}

/** The state of lowering one program or subprogram. */
export class Lowering {
  /** The innermost function being inlined. */
  frame: Frame;
  readonly facts: Fact[] = [];
  readonly signedFacts: SignedFact[] = [];
  readonly gone: GoneRecord[] = [];
  /** Inside the body of `withLock`. */
  isLocked = false;

  constructor(
    readonly world: World,
    readonly rules: Rules,
    readonly builder: FunctionBuilder,
    readonly diagnostics: DiagnosticList,
    readonly subprograms: SubprogramTable,
    declaration: Callable,
  ) {
    this.frame = new Frame(declaration, null);
    builder.onUnwritten = ({ name }, position) => {
      const place = (position && world.nodeOf(position)) ?? declaration;
      diagnostics.add(describe(place, 'unassigned', name));
    };
  }

  expression(node: ts.Expression): Result {
    return this.rules.expression(this, node);
  }

  /** Each of several expressions, in order. */
  all(nodes: readonly ts.Expression[]): Result[] {
    return this.each(nodes, (node) => this.expression(node));
  }

  /** Lowers each item, in order; what is refused in one does not hide the others. */
  each<T, R>(items: readonly T[], lower: (item: T) => R & {}): R[] {
    const results = items.map((item) => {
      const { block } = this.builder;
      const result = this.diagnostics.attempt(() => lower(item));
      if (result === undefined) this.builder.resume(block);
      return result;
    });
    if (results.every((each) => each !== undefined)) return results;
    throw new Refusal(null);
  }

  condition(node: ts.Expression, ifTrue: Block, ifFalse: Block): void {
    this.rules.condition(this, node, ifTrue, ifFalse);
  }

  /** As `condition`, where bodies follow: a refused one counts as both true and false. */
  test(node: ts.Expression, ifTrue: Block, ifFalse: Block): void {
    const { builder } = this;
    const { block } = builder;
    const isLowered = this.diagnostics.attempt(() => {
      this.condition(node, ifTrue, ifFalse);
      return true;
    });
    if (isLowered) return;
    builder.resume(block);
    builder.branch('eq', builder.constant(0, 32), builder.constant(0, 32), ifTrue, ifFalse);
  }

  statement(node: ts.Statement): void {
    this.rules.statement(this, node);
  }

  /** What follows an unconditional jump is not lowered. */
  statements(nodes: readonly ts.Statement[]): void {
    for (const node of nodes) {
      if (!this.builder.isReachable) return;
      this.statement(node);
    }
  }

  inline(declaration: Callable, results: readonly (Result | undefined)[], node: ts.Node): Result {
    return this.rules.inline(this, declaration, results, node);
  }

  /** Values made from now on were written at `node`. */
  at(node: ts.Node): void {
    this.builder.position = this.world.positionOf(node);
  }

  bind(symbol: ts.Symbol, binding: Binding): void {
    this.frame.bindings.set(symbol, binding);
  }

  /** @throws Refusal without a diagnostic when the name's declaration was refused */
  bindingOf(symbol: ts.Symbol): Exclude<Binding, { kind: 'failed' }> | undefined {
    const binding = this.frame.bindings.get(symbol);
    if (binding?.kind === 'failed') throw new Refusal(null);
    return binding;
  }

  /** Where the values that are made now were written. */
  get position(): SourcePosition | null {
    return this.builder.position;
  }

  /** The value of a pointer with its offset added. */
  address(result: Computed): Value {
    return this.builder.offset(result.value, result.offset);
  }
}
