/** A program as a module of WebAssembly: the same for every machine. */
import { decodePlaced, type Placed } from '../../asm/decode.ts';
import type { ProgramObject } from '../../object.ts';
import { programKind } from '../context.ts';
import { unsigned } from './code-writer.ts';
import { functionBody, type ModuleScope } from './function.ts';
import { imports, localGroups } from './layout.ts';
import { PAGES_MAX } from './linear-heap.ts';
import { targetSlot } from '../prepare.ts';

const valueType = { i32: 0x7f, i64: 0x7e } as const;
const FUNCTION_TYPE = 0x60;
const kind = { function: 0, memory: 2, global: 3 } as const;
const SHARED_WITH_MAXIMUM = 3;
const section = { type: 1, import: 2, function: 3, export: 7, code: 10 } as const;

/** Types of functions, by their index. */
const types = {
  /** A function of the program, and `follow`: instructions left before and after. */
  run: { index: 0, parameters: ['i32'], results: ['i32'] },
  call: { index: 1, parameters: ['i32'], results: [] },
  leave: { index: 2, parameters: [], results: [] },
  exhaust: { index: 3, parameters: ['i32', 'i32'], results: [] },
} as const;

const importTypes = {
  step: types.run,
  call: types.call,
  leave: types.leave,
  follow: types.run,
  exhaust: types.exhaust,
} as const satisfies Record<(typeof imports)[number], unknown>;

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
  return { bytes: assemble(bodies, maps.length), maps };
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

function assemble(bodies: readonly (readonly number[])[], mapCount: number): Uint8Array {
  const locals = localGroups.map(([count, type]) => [...unsigned(count), valueType[type]]);
  const functions = bodies.map((body) => {
    const whole = [...vector(locals)];
    for (const byte of body) whole.push(byte);
    return [...unsigned(whole.length), ...whole];
  });
  return Uint8Array.from(
    [
      [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      part(section.type, vector(Object.values(types).map(typeBytes))),
      part(section.import, vector(importBytes(mapCount))),
      part(section.function, vector(bodies.map(() => [types.run.index]))),
      part(section.export, vector([[...text('run'), kind.function, ...unsigned(imports.length)]])),
      part(section.code, vector(functions)),
    ].flat(),
  );
}

function typeBytes({ parameters, results }: (typeof types)[keyof typeof types]): number[] {
  const of = (list: readonly ('i32' | 'i64')[]): number[] =>
    vector(list.map((type) => [valueType[type]]));
  return [FUNCTION_TYPE, ...of(parameters), ...of(results)];
}

function importBytes(mapCount: number): number[][] {
  const from = text('machine');
  const memoryType = [SHARED_WITH_MAXIMUM, ...unsigned(0), ...unsigned(PAGES_MAX)];
  const constant = 0;
  return [
    ...imports.map((name) => [...from, ...text(name), kind.function, importTypes[name].index]),
    [...from, ...text('memory'), kind.memory, ...memoryType],
    ...Array.from({ length: mapCount }, (_, index) => [
      ...[...from, ...text(`map${index}`)],
      ...[kind.global, valueType.i64, constant],
    ]),
  ];
}

function part(id: number, content: readonly number[]): number[] {
  const bytes = [id, ...unsigned(content.length)];
  for (const byte of content) bytes.push(byte);
  return bytes;
}

function vector(items: readonly (readonly number[])[]): number[] {
  const bytes = unsigned(items.length);
  for (const item of items) for (const byte of item) bytes.push(byte);
  return bytes;
}

function text(name: string): number[] {
  const letters = Array.from(name, (letter) => letter.charCodeAt(0));
  return [...unsigned(letters.length), ...letters];
}
