/**
 * Programs as JSON: what the build writes and the agent reads.
 *
 *     { format, version, maps, files, texts, positions, programs }
 *
 * Tables are named by index. An operand is the number of a value (values of a function are counted
 * through all its blocks) or, below zero, -1 - the index of one of the function's `floating`
 * values. Position -1 is none.
 */
import type { GlobalParameter, MapShape } from '@skep/bytecode';

/** What the file says that it is. */
export const jsonFormat = 'skep-ir';

/** Raised whenever a reader of the version before would misunderstand. */
export const jsonVersion = 1;

/** [file, line, column, text] */
export type JsonPosition = [number, number, number, number];

/** A value that stands in no block. */
export type JsonFloating =
  | ['constant', number, string]
  | ['map' | 'mapValue', number]
  | ['slot', number]
  | ['loadTime', number, string]
  | ['function', string]
  | ['kernelField', string, string, number];

/** [operation, width, position, operands, ...what the operation needs, in the order of its type] */
export type JsonValue = [string, number, number, number[], ...(number | string)[]];

/** How a block ends: targets are numbers of blocks, the last number of two is a position. */
export type JsonEnd =
  | ['jump', number]
  | ['branch', string, number, number, number, number, number]
  | ['return', number, number];

/** [loop depth, predecessors, values, end] */
export type JsonBlock = [number, number[], JsonValue[], JsonEnd];

/** One function. */
export interface JsonFunction {
  readonly name: string;
  readonly position: number;
  readonly global?: readonly GlobalParameter[];
  /** [name, size] */
  readonly slots: [string, number][];
  readonly floating: JsonFloating[];
  readonly blocks: JsonBlock[];
}

/** One program; its first function is the entry. */
export interface JsonProgram {
  readonly name: string;
  readonly programType: number;
  readonly attachType?: number;
  readonly attachTarget?: string;
  readonly license: string;
  readonly functions: JsonFunction[];
}

/** The whole file. */
export interface JsonFile {
  readonly format: string;
  readonly version: number;
  readonly maps: MapShape[];
  readonly files: string[];
  readonly texts: string[];
  readonly positions: JsonPosition[];
  readonly programs: JsonProgram[];
}
