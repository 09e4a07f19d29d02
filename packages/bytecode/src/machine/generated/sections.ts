/**
 * A WebAssembly module of its parts. Every one imports the machine's memory and exports its first
 * function as `run`.
 *
 * @source https://webassembly.github.io/spec/core/binary/modules.html
 */
import { unsigned } from './code-writer.ts';

/** Pages of 64 KiB that the machine's memory has at most: places stay positive as signed words. */
export const PAGES_MAX = 16_384;

type ValueType = 'i32' | 'i64' | 'f64';

/** Of a function. */
export interface FunctionType {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** The parts. */
export interface ModuleParts {
  readonly types: readonly FunctionType[];
  /** Functions that are imported, by name and index of the type. */
  readonly functions: readonly (readonly [name: string, type: number])[];
  /** Constants that are imported. */
  readonly globals: readonly (readonly [name: string, type: ValueType])[];
  readonly bodies: readonly FunctionBody[];
}

/** A function with its code. */
export interface FunctionBody {
  /** Index of its type. */
  readonly type: number;
  /** The locals beside its parameters. */
  readonly locals: readonly (readonly [count: number, type: ValueType])[];
  readonly code: Uint8Array;
}

const valueType = { i32: 0x7f, i64: 0x7e, f64: 0x7c } as const;
const FUNCTION_TYPE = 0x60;
const CONSTANT = 0;
const SHARED_WITH_MAXIMUM = 3;
const kind = { function: 0, memory: 2, global: 3 } as const;
const section = { type: 1, import: 2, function: 3, export: 7, code: 10 } as const;
const preamble = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** The module's bytes. */
export function assemble(parts: ModuleParts): Uint8Array {
  const { types, functions, bodies } = parts;
  const run = [...text('run'), kind.function, ...unsigned(functions.length)];
  const sections = [
    sectionOf(section.type, types.map(typeBytes)),
    sectionOf(section.import, importBytes(parts)),
    sectionOf(
      section.function,
      bodies.map(({ type }) => unsigned(type)),
    ),
    sectionOf(section.export, [run]),
    sectionOf(section.code, bodies.map(bodyBytes)),
  ];
  return joined(preamble, ...sections);
}

function typeBytes({ parameters, results }: FunctionType): number[] {
  const of = (list: readonly ValueType[]): Uint8Array =>
    vector(list.map((each) => [valueType[each]]));
  return [FUNCTION_TYPE, ...of(parameters), ...of(results)];
}

function importBytes({ functions, globals }: ModuleParts): number[][] {
  const from = text('machine');
  const memoryType = [SHARED_WITH_MAXIMUM, ...unsigned(0), ...unsigned(PAGES_MAX)];
  return [
    ...functions.map(([name, type]) => [...from, ...text(name), kind.function, type]),
    [...from, ...text('memory'), kind.memory, ...memoryType],
    ...globals.map(([name, type]) => [
      ...[...from, ...text(name), kind.global],
      ...[valueType[type], CONSTANT],
    ]),
  ];
}

function bodyBytes({ locals, code }: FunctionBody): Uint8Array {
  const groups = vector(locals.map(([count, type]) => [...unsigned(count), valueType[type]]));
  return joined(unsigned(groups.length + code.length), groups, code);
}

/** Bytes, in whatever list. */
type Bytes = readonly number[] | Uint8Array;

function sectionOf(id: number, items: readonly Bytes[]): Uint8Array {
  const content = vector(items);
  return joined([id], unsigned(content.length), content);
}

function vector(items: readonly Bytes[]): Uint8Array {
  return joined(unsigned(items.length), ...items);
}

function joined(...lists: readonly Bytes[]): Uint8Array {
  const all = new Uint8Array(lists.reduce((sum, list) => sum + list.length, 0));
  let at = 0;
  for (const list of lists) {
    all.set(list, at);
    at += list.length;
  }
  return all;
}

function text(name: string): number[] {
  const letters = Array.from(name, (letter) => letter.charCodeAt(0));
  return [...unsigned(letters.length), ...letters];
}
