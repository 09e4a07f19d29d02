/**
 * Programs as JSON: what the build writes and the agent reads.
 *
 *     { format, version, checksum }
 *     { maps, files, texts, positions, operations, programs }
 *
 * Two lines. The first is of the second: whoever writes it has verified the code, and whoever finds
 * the checksum right need not do it again. It shows damage, also in a constant, and no intent: who
 * can write the file can write what reads it.
 *
 * Tables are named by index. An operand is the number of a value (values of a function are counted
 * through all its blocks) or, below zero, -1 - the index of one of the function's `floating`
 * values. Position -1 is none. The code of a function is lists of integers and nothing else: they
 * are read while an agent starts, and an array for each value would take most of that time.
 */
import type { GlobalParameter, MapShape } from '@skep/bytecode';
import { negated } from './comparison.ts';
import type { Comparison, Terminator } from './ir.ts';

/** What the file says that it is. */
export const jsonFormat = 'skep-ir';

/** Raised whenever a reader of the version before would misunderstand. */
export const jsonVersion = 2;

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

/** [operation, width, ...what the operation needs, in the order of its type] */
export type JsonOperation = [string, number, ...(number | string)[]];

/** Ways in which a block ends, by their numbers in `ends`. */
export const jsonEnds: readonly Terminator['kind'][] = ['jump', 'return', 'branch'];

/** Comparisons, by their numbers in `ends`. */
export const jsonComparisons = Object.keys(negated) as readonly Comparison[];

/** One function. */
export interface JsonFunction {
  readonly name: string;
  readonly position: number;
  readonly global?: readonly GlobalParameter[];
  /** [name, size] */
  readonly slots: [string, number][];
  readonly floating: JsonFloating[];
  /** For each block: loop depth, count of values. */
  readonly blocks: number[];
  /** For each value: operation, position. */
  readonly values: number[];
  /** For each value: count of operands, operands. */
  readonly operands: number[];
  /** For each block: count of predecessors, predecessors. */
  readonly predecessors: number[];
  /**
   * For each block: 0, target; 1, value, position; or 2, comparison, left, right, target if true,
   * target if false, position.
   */
  readonly ends: number[];
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

/** The second line of the file. */
export interface JsonFile {
  readonly maps: MapShape[];
  readonly files: string[];
  readonly texts: string[];
  readonly positions: JsonPosition[];
  readonly operations: JsonOperation[];
  readonly programs: JsonProgram[];
}

/** Of the second line, by its UTF-16 units. @source Fowler, Noll, Vo: FNV-1a, 32 bits */
export function checksumOf(text: string): number {
  let sum = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) sum = Math.imul(sum ^ text.charCodeAt(at), 0x01000193);
  return sum >>> 0;
}
