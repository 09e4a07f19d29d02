/** What makes parts of random programs, as the files that make one sort of part see it. */
import type { AnyInteger } from '@skep/ebpf';
import type { Random } from '../random.ts';
import type { Names, Scope } from './scope.ts';
import type { Step } from './step.ts';
import type { Condition, IntegerType, Term } from './terms.ts';

/** Makes expressions for one place of a program. */
export interface ExpressionMaker {
  readonly random: Random;
  readonly scope: Scope;
  type(): IntegerType;
  /** Of exactly this type. */
  term(type: IntegerType, depth: number): Term;
  /** Of exactly this type, and not known when compiling. */
  computed(type: IntegerType, depth: number): Term;
  /** Not known when compiling. */
  condition(depth: number): Condition;
}

/** Makes the statements of one block. */
export interface StatementMaker {
  readonly random: Random;
  readonly scope: Scope;
  readonly names: Names;
  readonly terms: ExpressionMaker;
  /** Labels that a statement names. */
  readonly usedLabels: Set<string>;
  /** A maker for a block in this one. */
  inner(changes?: Partial<Scope>): StatementMaker;
  block(count: number, depth: number): Step[];
  /** What can be written to a field: cast to its name, or a number that fits. */
  fieldValue(field: AnyInteger): Term;
}
