/** A program as a module of WebAssembly: the same for every machine. */
import { decodePlaced, type Placed } from '../../asm/decode.ts';
import type { MapShape, ProgramObject } from '../../object.ts';
import { programKind } from '../context.ts';
import { SPIN_LOCK, SPIN_UNLOCK } from '../cpu.ts';
import { machineHelpers } from '../helpers/table.ts';
import { functionBody, type ModuleScope } from './function.ts';
import { imports, localGroups } from './layout.ts';
import { hasLookup, lookupBody, lookupLocals } from './lookup.ts';
import { assemble } from './sections.ts';
import { TAIL_CALL } from '../../flow/flow-graph.ts';
import { targetSlot } from '../../flow/form.ts';

/** A function of the program, and `follow`: instructions left before and after. */
const run = { parameters: ['i32'], results: ['i32'] } as const;
const call = { parameters: ['i32'], results: [] } as const;
const answer = { parameters: ['i32'], results: ['f64'] } as const;
const leave = { parameters: [], results: [] } as const;
const interpret = { parameters: ['i32', 'i32'], results: ['i32'] } as const;
const lookup = { parameters: ['i32'], results: ['i64'] } as const;
const types = [run, call, answer, leave, interpret, lookup] as const;
const importTypes = { step: run, call, leave, follow: run, interpret } as const;

/** What becomes of a program. */
export interface ModuleSource {
  /**
   * Exports `run`; imports memory, functions and the globals `map0`, `map1`, ..., their addresses,
   * and `directory0`, ..., where generated code looks keys up.
   */
  readonly bytes: Uint8Array;
  /** The maps of the globals, in their order. */
  readonly maps: readonly string[];
  /** Those that it imports a function for, `helper5`, ... */
  readonly helpers: readonly number[];
}

/** `undefined` for a program that uses what only the interpreter knows. */
export function moduleSource(object: ProgramObject): ModuleSource | undefined {
  const code = decodePlaced(object.code);
  if (!code.every(isKnown)) return undefined;
  const maps = [...new Set(object.mapReferences.map(({ map }) => map))];
  const globals = new Map(
    object.mapReferences.map((use) => [use.instruction, maps.indexOf(use.map)]),
  );
  const shapes = maps.map((name) => object.maps.find((shape) => shape.name === name));
  const subprograms = findSubprograms(code);
  const helpers = findHelpers(code);
  const firstBody = imports.length + helpers.length;
  const lookups = shapes.filter((shape) => shape && hasLookup(shape)) as MapShape[];
  const scope: ModuleScope = {
    code,
    kind: programKind(object.programType)!,
    mapOf: (slot) => globals.get(slot),
    shapes,
    helper: (number) => imports.length + helpers.indexOf(number),
    subprogram: (slot) => firstBody + 1 + subprograms.indexOf(slot),
    lookup: (shape) => {
      const index = lookups.indexOf(shape);
      return index < 0 ? undefined : firstBody + 1 + subprograms.length + index;
    },
  };
  const functions = [0, ...subprograms].map((slot, index) => ({
    type: types.indexOf(run),
    locals: localGroups,
    code: functionBody(scope, slot, index === 0),
  }));
  const bodies = lookups.map((shape) => ({
    type: types.indexOf(lookup),
    locals: lookupLocals,
    code: lookupBody(shape, maps.length + shapes.indexOf(shape)),
  }));
  const bytes = assemble({
    types,
    functions: [
      ...imports.map((name) => [name, types.indexOf(importTypes[name])] as const),
      ...helpers.map((number) => {
        const type = machineHelpers.get(number)!.answer ? answer : call;
        return [`helper${number}`, types.indexOf(type)] as const;
      }),
    ],
    globals: [
      ...maps.map((_, index) => [`map${index}`, 'i64'] as const),
      ...maps.map((_, index) => [`directory${index}`, 'i32'] as const),
    ],
    bodies: [...functions, ...bodies],
  });
  return { bytes, maps, helpers };
}

function isKnown({ instruction }: Placed): boolean {
  if (instruction.kind === 'call') return instruction.target !== 'kernelFunction';
  if (instruction.kind !== 'loadConstant') return true;
  return instruction.from === 'value' || instruction.from === 'mapByDescriptor';
}

function findHelpers(code: readonly Placed[]): number[] {
  const numbers = code.flatMap(({ instruction }) =>
    instruction.kind === 'call' && instruction.target === 'helper' ? [instruction.number] : [],
  );
  const apart = [TAIL_CALL, SPIN_LOCK, SPIN_UNLOCK];
  return [...new Set(numbers)].filter((number) => !apart.includes(number));
}

function findSubprograms(code: readonly Placed[]): number[] {
  const calls = code.filter(({ instruction }) => instruction.kind === 'call');
  const slots = calls.map(({ slot, instruction }) => targetSlot(slot, instruction));
  return [...new Set(slots.filter((slot) => slot !== undefined))];
}
