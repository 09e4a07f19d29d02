/**
 * Programs as JSON: what the build writes and the agent reads.
 *
 *     { format, version, maps, files, texts, positions, programs }
 *
 * Tables are named by index. An operand is the number of a value (values of a function are counted
 * through all its blocks) or, below zero, -1 - the index of one of the function's `floating` values.
 * Position -1 is none.
 */
import type { MapShape } from '@skep/bytecode';

export const jsonFormat = 'skep-ir';

/** Raised whenever a reader of the version before would misunderstand. */
export const jsonVersion = 1;

/** [file, line, column, text] */
export type JsonPosition = [number, number, number, number];

export type JsonFloating =
  | ['constant', number, string]
  | ['map', number]
  | ['slot', number]
  | ['loadTime', number, string];

/** [operation, width, position, operands, ...what the operation needs, in the order of its type] */
export type JsonValue = [string, number, number, number[], ...(number | string)[]];

export type JsonEnd =
  | ['jump', number]
  | ['branch', string, number, number, number, number, number]
  | ['return', number, number];

/** [loop depth, predecessors, values, end] */
export type JsonBlock = [number, number[], JsonValue[], JsonEnd];

export interface JsonFunction {
  readonly name: string;
  readonly position: number;
  /** [name, size] */
  readonly slots: [string, number][];
  readonly floating: JsonFloating[];
  readonly blocks: JsonBlock[];
}

export interface JsonProgram {
  readonly name: string;
  readonly programType: number;
  readonly license: string;
  readonly functions: JsonFunction[];
}

export interface JsonFile {
  readonly format: string;
  readonly version: number;
  readonly maps: MapShape[];
  readonly files: string[];
  readonly texts: string[];
  readonly positions: JsonPosition[];
  readonly programs: JsonProgram[];
}
