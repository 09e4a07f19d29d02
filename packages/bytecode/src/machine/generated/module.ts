/** A program as a module of WebAssembly: the same for every machine. */
import { decodePlaced, type Placed } from '../../asm/decode.ts';
import type { ProgramObject } from '../../object.ts';
import { programKind } from '../context.ts';
import { functionBody, type ModuleScope } from './function.ts';
import { imports, localGroups } from './layout.ts';
import { assemble } from './sections.ts';
import { targetSlot } from '../../flow/form.ts';

/** A function of the program, and `follow`: instructions left before and after. */
const run = { parameters: ['i32'], results: ['i32'] } as const;
const call = { parameters: ['i32'], results: [] } as const;
const leave = { parameters: [], results: [] } as const;
const exhaust = { parameters: ['i32', 'i32'], results: [] } as const;
const types = [run, call, leave, exhaust] as const;
const importTypes = { step: run, call, leave, follow: run, exhaust } as const;

/** What becomes of a program. */
export interface ModuleSource {
  /** Exports `run`; imports memory, functions and the globals `map0`, `map1`, ... */
  readonly bytes: Uint8Array;
  /** The maps of the globals, in their order. */
  readonly maps: readonly string[];
}

/** `undefined` for a program that uses what only the interpreter knows. */
export function moduleSource(object: ProgramObject): ModuleSource | undefined {
  const code = decodePlaced(object.code);
  if (!code.every(isKnown)) return undefined;
  const maps = [...new Set(object.mapReferences.map(({ map }) => map))];
  const globals = new Map(
    object.mapReferences.map((use) => [use.instruction, maps.indexOf(use.map)]),
  );
  const subprograms = findSubprograms(code);
  const scope: ModuleScope = {
    code,
    kind: programKind(object.programType)!,
    mapGlobal: (slot) => globals.get(slot),
    subprogram: (slot) => imports.length + 1 + subprograms.indexOf(slot),
  };
  const bodies = [
    functionBody(scope, 0, true),
    ...subprograms.map((slot) => functionBody(scope, slot, false)),
  ];
  const bytes = assemble({
    types,
    functions: imports.map((name) => [name, types.indexOf(importTypes[name])]),
    globals: maps.map((_, index) => `map${index}`),
    bodies,
    locals: localGroups,
  });
  return { bytes, maps };
}

function isKnown({ instruction }: Placed): boolean {
  if (instruction.kind === 'call') return instruction.target !== 'kernelFunction';
  if (instruction.kind !== 'loadConstant') return true;
  return instruction.from === 'value' || instruction.from === 'mapByDescriptor';
}

function findSubprograms(code: readonly Placed[]): number[] {
  const calls = code.filter(({ instruction }) => instruction.kind === 'call');
  const slots = calls.map(({ slot, instruction }) => targetSlot(slot, instruction));
  return [...new Set(slots.filter((slot) => slot !== undefined))];
}
