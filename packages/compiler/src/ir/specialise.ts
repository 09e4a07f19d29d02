/**
 * Binds the load-time constants of a program.
 */
import { CompileError } from './compile-error.ts';
import { copyProgram } from './copy.ts';
import type { IrFunction, IrProgram, Value } from './ir.ts';

/**
 * By name. Numbers must be integers; both are reduced to the constant's width, two's complement.
 */
export type LoadTimeValues = Readonly<Record<string, number | bigint>>;

/** The constant that says whether `trace` prints: bound by code generation itself. */
export const tracesName = '@traces';

/** The names of the load-time constants of `program`, in order of use. */
export function loadTimeNames(program: IrProgram): string[] {
  const names = new Set<string>();
  for (const made of program.functions) {
    eachLoadTime(made, (value) => {
      const { operation } = value;
      if (operation.op === 'loadTime' && operation.name !== tracesName) names.add(operation.name);
    });
  }
  return [...names];
}

/**
 * A copy of `program` in which every load-time constant is a number.
 * @throws CompileError for a constant without a value and for a value without a constant.
 */
export function specialise(program: IrProgram, values: LoadTimeValues, traces = false): IrProgram {
  const copy = copyProgram(program);
  bindTraces(copy, traces);
  const known = loadTimeNames(copy);
  for (const name of known) {
    if (values[name] === undefined) {
      throw new CompileError(`load-time constant ${name} of ${program.name}: not bound`);
    }
  }
  for (const [name, value] of Object.entries(values)) {
    if (!known.includes(name)) {
      const listed = known.length > 0 ? `expected ${known.join(', ')}` : 'the program has none';
      throw new CompileError(`load-time constant ${name} of ${program.name}: unknown: ${listed}`);
    }
    if (typeof value === 'number' && !Number.isSafeInteger(value)) {
      throw new CompileError(
        `load-time constant ${name} of ${program.name}: ${value}, expected an integer`,
      );
    }
  }
  for (const made of copy.functions) {
    eachLoadTime(made, (value) => {
      if (value.operation.op !== 'loadTime') return;
      const bits = BigInt.asUintN(value.width, BigInt(values[value.operation.name]!));
      value.operation = { op: 'constant', bits };
    });
  }
  return copy;
}

/** Makes `trace` print, or vanish. Changes the program. */
export function bindTraces(program: IrProgram, traces: boolean): void {
  for (const made of program.functions) {
    eachLoadTime(made, (value) => {
      if (value.operation.op !== 'loadTime' || value.operation.name !== tracesName) return;
      value.operation = { op: 'constant', bits: traces ? 1n : 0n };
    });
  }
}

/** Floating values stand in no block: they are found where they are used. */
function eachLoadTime(made: IrFunction, visit: (value: Value) => void): void {
  for (const block of made.blocks) {
    for (const value of block.values) value.operands.forEach(visit);
    const end = block.terminator;
    if (end?.kind === 'branch') {
      visit(end.left);
      visit(end.right);
    } else if (end?.kind === 'return') {
      visit(end.value);
    }
  }
}
