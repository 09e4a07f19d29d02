/**
 * Joins a program and its subprograms to one object: calls between them, maps, source lines.
 */
import {
  asm,
  type FunctionRange,
  type Instruction,
  encode,
  type KernelFieldReference,
  type KernelFunctionReference,
  type MapReference,
  type MapShape,
  type ProgramObject,
  type SourceLine,
} from '@skep/bytecode';
import { CompileError } from '../ir/compile-error.ts';
import type { IrProgram, SourcePosition } from '../ir/ir.ts';
import type { FunctionCode } from './emit.ts';
import { stackLimitBytes } from './frame.ts';

/** @source MAX_CALL_FRAMES, include/linux/bpf_verifier.h */
const callDepthLimit = 8;

/**
 * @throws CompileError for a call of an unknown subprogram, recursion, calls that are too deep or
 * need too much stack together, and two maps of one name that differ.
 */
export function link(program: IrProgram, codes: readonly FunctionCode[]): ProgramObject {
  const used = reachable(codes);
  const starts = new Map<string, number>();
  let slots = 0;
  for (const code of used) {
    starts.set(code.name, slots);
    slots += code.slotCount;
  }
  const stackBytes = new StackCheck(used).deepest(used[0]!, []);
  const maps = new Map<string, MapShape>();
  const mapReferences: MapReference[] = [];
  const kernelFields: KernelFieldReference[] = [];
  const kernelFunctions: KernelFunctionReference[] = [];
  const instructions: Instruction[] = [];
  for (const code of used) {
    const start = starts.get(code.name)!;
    for (const { slot, instruction } of code.maps) {
      addMap(maps, instruction.map!, code);
      mapReferences.push({ instruction: start + slot, map: instruction.map!.name });
    }
    for (const call of code.calls) {
      const distance = starts.get(call.name)! - (start + call.slot) - 1;
      const { addressIn } = call;
      code.instructions[call.instruction] = addressIn
        ? asm.loadCode(addressIn, distance)
        : asm.callSubprogram(distance);
    }
    for (const each of code.kernelFunctions) {
      kernelFunctions.push({ ...each, instruction: start + each.instruction });
    }
    for (const { slot, name } of code.kernelFields) {
      const { struct, field, size } = name;
      kernelFields.push({ instruction: start + slot, struct, field, size });
    }
    for (const each of code.instructions) instructions.push(each);
  }
  return {
    name: program.name,
    programType: program.programType,
    ...(program.attachType === undefined ? {} : { attachType: program.attachType }),
    ...(program.attachTarget === undefined ? {} : { attachTarget: program.attachTarget }),
    license: program.license,
    code: encode(instructions),
    maps: [...maps.values()],
    mapReferences,
    ...(kernelFields.length > 0 ? { kernelFields } : {}),
    ...(kernelFunctions.length > 0 ? { kernelFunctions } : {}),
    functions: used.map(({ name, global }): FunctionRange => {
      const range = { instruction: starts.get(name)!, name };
      return global ? { ...range, global } : range;
    }),
    lines: collectLines(used, starts),
    stackBytes,
  };
}

/** The program and the subprograms that it needs: the verifier refuses code that nothing calls. */
function reachable(codes: readonly FunctionCode[]): FunctionCode[] {
  const byName = new Map(codes.map((code) => [code.name, code]));
  const found = new Set<FunctionCode>([codes[0]!]);
  for (const code of found) {
    for (const { name } of code.calls) {
      const called = byName.get(name);
      if (!called) throw new CompileError(`call ${name}: no such subprogram`, code.position);
      found.add(called);
    }
  }
  return [...found];
}

class StackCheck {
  private readonly byName: Map<string, FunctionCode>;
  private readonly known = new Map<FunctionCode, { bytes: number; depth: number }>();

  constructor(codes: readonly FunctionCode[]) {
    this.byName = new Map(codes.map((code) => [code.name, code]));
  }

  /** Bytes of stack that `code` and the deepest calls below it need together. */
  deepest(code: FunctionCode, callers: readonly FunctionCode[]): number {
    const { bytes, depth } = this.measure(code, callers);
    const names = code.calls.map((call) => call.name).join(', ');
    if (bytes > stackLimitBytes && code.calls.length > 0) {
      throw new CompileError(
        `stack of ${code.name}: ${bytes} bytes with those of ${names}, at most ${stackLimitBytes}`,
        code.position,
      );
    }
    if (depth > callDepthLimit) {
      throw new CompileError(
        `call ${names}: ${depth} functions deep, at most ${callDepthLimit}`,
        code.position,
      );
    }
    return bytes;
  }

  private measure(
    code: FunctionCode,
    callers: readonly FunctionCode[],
  ): { bytes: number; depth: number } {
    if (callers.includes(code)) {
      const path = [...callers.slice(callers.indexOf(code)), code].map((each) => each.name);
      throw new CompileError(
        `call ${code.name}: recursion ${path.join(' -> ')} (write a bounded loop)`,
        code.position,
      );
    }
    const known = this.known.get(code);
    if (known) return known;
    let below = { bytes: 0, depth: 0 };
    const path = [...callers, code];
    for (const { name, addressIn } of code.calls) {
      const target = this.byName.get(name)!;
      // A timer's callback that starts its timer again: nothing of it is left when it runs.
      if (addressIn && path.includes(target)) continue;
      const called = this.measure(target, path);
      below = {
        bytes: Math.max(below.bytes, called.bytes),
        depth: Math.max(below.depth, called.depth),
      };
    }
    const isAlone = code.calls.length === 0 && callers.length === 0;
    // The kernel rounds each frame of a chain up. @source check_max_stack_depth,
    // kernel/bpf/verifier.c
    const own = isAlone ? code.stackBytes : Math.ceil(Math.max(code.stackBytes, 1) / 32) * 32;
    const measured = { bytes: own + below.bytes, depth: 1 + below.depth };
    this.known.set(code, measured);
    return measured;
  }
}

function addMap(maps: Map<string, MapShape>, map: MapShape, code: FunctionCode): void {
  const known = maps.get(map.name);
  if (!known) maps.set(map.name, map);
  else if (JSON.stringify(known) !== JSON.stringify(map)) {
    throw new CompileError(`map ${map.name}: two maps of this name differ`, code.position);
  }
}

/**
 * The table of source lines; empty when the program has none. Each function begins with one, which
 * the kernel demands.
 */
function collectLines(codes: readonly FunctionCode[], starts: Map<string, number>): SourceLine[] {
  if (codes.every((code) => code.lines.length === 0 && code.position === null)) return [];
  const lines: SourceLine[] = [];
  for (const code of codes) {
    const start = starts.get(code.name)!;
    const first = code.lines[0];
    if (first?.slot !== 0) lines.push(lineOf(start, code.position ?? first?.position, code.name));
    for (const { slot, position } of code.lines)
      lines.push(lineOf(start + slot, position, code.name));
  }
  return lines;
}

function lineOf(
  instruction: number,
  position: SourcePosition | null | undefined,
  name: string,
): SourceLine {
  if (!position) return { instruction, file: name, line: 1, column: 1, text: '' };
  const { file, line, column, text } = position;
  return { instruction, file, line, column, text };
}
