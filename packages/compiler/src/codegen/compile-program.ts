/**
 * The back end's door: IR in, program object out.
 */
import type { ProgramObject } from '@skep/bytecode';
import { copyProgram } from '../ir/copy.ts';
import type { IrProgram } from '../ir/ir.ts';
import { bindTraces, type LoadTimeValues, specialise } from '../ir/specialise.ts';
import { optimise } from '../optimiser/optimise.ts';
import type { Passes } from '../optimiser/passes.ts';
import { type AllocationOptions, allocateRegisters } from './allocate.ts';
import { computeBooleans } from './boolean-results.ts';
import { emitFunction, type FunctionCode } from './emit.ts';
import { layOutFrame } from './frame.ts';
import { hoistConstants } from './hoist-constants.ts';
import { link } from './link.ts';
import { lowerLoops } from './loops/lower-loops.ts';
import { selectInstructions } from './select.ts';
import { oldestTarget, type Target } from './target.ts';

/** What `compileProgram` is told; nothing is needed for a program without load-time constants. */
export interface CompileOptions {
  /** Values of the program's load-time constants. */
  readonly loadTime?: LoadTimeValues;
  /** What the kernel can do; without it the code suits every supported kernel. */
  readonly target?: Target;
  /** Whether `trace` prints; else nothing of it is left. */
  readonly traces?: boolean;
  /** Passes of the optimiser to switch off; all are on. */
  readonly passes?: Partial<Passes>;
  /** Checks the invariants of the IR after every pass. */
  readonly verifies?: boolean;
  /** For tests: fewer registers, no coalescing. */
  readonly allocation?: AllocationOptions;
}

/**
 * Compiles a program and its subprograms. `program` itself stays as it is: it can be compiled again
 * with other load-time values. The same input gives the same bytes.
 *
 * @throws CompileError when a load-time constant is not bound, the stack or the registers of a call
 * do not suffice, or subprograms call each other in a circle.
 */
export function compileProgram(program: IrProgram, options: CompileOptions = {}): ProgramObject {
  const bound = bind(program, options);
  const functions = [...bound.functions];
  for (const made of functions) optimise(made, options);
  const target = options.target ?? oldestTarget;
  for (const made of lowerLoops(functions, target, bound.programType)) optimise(made, options);
  const codes = functions.map((made, index): FunctionCode => {
    const machine = selectInstructions(made, index === 0);
    computeBooleans(machine);
    hoistConstants(machine.blocks, false);
    allocateRegisters(machine, options.allocation);
    return emitFunction(machine, layOutFrame(machine));
  });
  return link(bound, codes);
}

/**
 * What the optimiser can do before load-time constants are known, done once where programs are
 * built, so that each node has less to read and to compile. Changes the program, not what it does.
 */
export function prepareProgram(program: IrProgram): void {
  for (const made of program.functions) optimise(made);
}

/** A copy whose constants are numbers. */
function bind(program: IrProgram, { loadTime, traces = false }: CompileOptions): IrProgram {
  if (loadTime) return specialise(program, loadTime, traces);
  const copy = copyProgram(program);
  bindTraces(copy, traces);
  return copy;
}
