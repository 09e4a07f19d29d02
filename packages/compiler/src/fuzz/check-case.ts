/** One random program, compiled in every way, run on every engine, against its model. */
import type { ProgramObject } from '@skep/bytecode';
import { compileProgram } from '../codegen/compile-program.ts';
import { CompileError } from '../ir/compile-error.ts';
import {
  compareOutcomes,
  type FuzzCase,
  type Input,
  type Outcome,
  plainForm,
  type Variant,
} from './fuzz-case.ts';

/** Whatever can run a program. */
export interface Engine {
  readonly name: string;
  /** @throws EngineRefusal where it does not take the program at all */
  run(object: ProgramObject, inputs: readonly Input[]): readonly Outcome[];
  /** Whether programs of this way to compile are for it. */
  takes(variant: Variant): boolean;
}

/** An engine, or the compiler, does not take a program. */
export class EngineRefusal extends Error {
  constructor(
    message: string,
    /** For want of room: the verifier's walk, the stack. Refusals of another kind are bugs. */
    readonly isForSize: boolean,
  ) {
    super(message);
  }
}

/** What became of a program. */
export interface CheckResult {
  /** Programs that ran: one way to compile, one engine. */
  readonly ran: number;
  /** Not taken, and the unoptimised form neither. */
  readonly refusedAlike: number;
  readonly failures: readonly Failure[];
}

/** Something that must not be. */
export interface Failure {
  readonly kind: 'wrong' | 'refused';
  /** Of what is refused: whether for its size. */
  readonly isForSize: boolean;
  readonly variant: string;
  readonly engine: string;
  readonly detail: string;
}

/** Runs the program in all ways that the engines take. */
export function checkCase(
  one: FuzzCase,
  engines: readonly Engine[],
  ways: readonly Variant[],
): CheckResult {
  const failures: Failure[] = [];
  let [ran, refusedAlike] = [0, 0];
  for (const variant of ways) {
    const compiled = attempt(() => compileProgram(one.program, variant.options));
    for (const engine of engines) {
      if (!engine.takes(variant)) continue;
      const about = { variant: variant.name, engine: engine.name };
      const result = compiled instanceof Error ? compiled : tryRun(one, engine, compiled);
      if (result instanceof EngineRefusal) {
        if (isExcused(one, engine, variant, result)) refusedAlike++;
        else {
          const { message: detail, isForSize } = result;
          failures.push({ kind: 'refused', ...about, detail, isForSize });
        }
        continue;
      }
      ran++;
      const detail = result instanceof Error ? String(result.stack) : difference(one, result);
      if (detail !== null) failures.push({ kind: 'wrong', ...about, detail, isForSize: false });
    }
  }
  return { ran, refusedAlike, failures };
}

function tryRun(one: FuzzCase, engine: Engine, object: ProgramObject): readonly Outcome[] | Error {
  return attempt(() => engine.run(object, one.inputs));
}

/** What it throws is a value; the compiler's own limits are refusals. */
function attempt<T>(work: () => T): T | Error {
  try {
    return work();
  } catch (error) {
    if (error instanceof CompileError) return new EngineRefusal(error.message, true);
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Only for size, and then the unoptimised form must be too large as well. */
function isExcused(
  one: FuzzCase,
  engine: Engine,
  variant: Variant,
  refusal: EngineRefusal,
): boolean {
  if (!refusal.isForSize) return false;
  if (!variant.isOptimised) return true;
  const plain = attempt(() => compileProgram(one.program, plainForm(variant)));
  const result = plain instanceof Error ? plain : tryRun(one, engine, plain);
  return result instanceof EngineRefusal;
}

function difference(one: FuzzCase, outcomes: readonly Outcome[]): string | null {
  for (const [index, outcome] of outcomes.entries()) {
    const found = compareOutcomes(outcome, one.expected[index]!);
    if (found) return `input ${index}: ${found}`;
  }
  return null;
}
