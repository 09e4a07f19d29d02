/**
 * What the kernel's helpers take and do: those of XDP and TC programs that have arguments to check.
 *
 * @source struct bpf_func_proto of each, net/core/filter.c, kernel/bpf/helpers.c, ringbuf.c
 */

/**
 * `any`: written to; `key`, `value`: as many bytes as the map's; `memory`: read by the helper, as
 * many bytes as the `size` after it says; `sizeOrZero`: it may be 0.
 */
export type ArgumentRule =
  | 'any'
  | 'context'
  | 'map'
  | 'key'
  | 'value'
  | 'memory'
  | 'output'
  | 'memoryOrNull'
  | 'record'
  | 'socket'
  | 'function'
  | 'size'
  | 'sizeOrZero';

/** One helper. */
export interface HelperRule {
  readonly takes: readonly ArgumentRule[];
  readonly gives?: 'found' | 'record' | 'socket';
  readonly movesPacket?: boolean;
}

const context = (others: number): ArgumentRule[] => ['context', ...Array(others).fill('any')];
const moves = (others: number): HelperRule => ({ takes: context(others), movesPacket: true });

/** By number. */
export const helperRules: ReadonlyMap<number, HelperRule> = new Map<number, HelperRule>([
  [1, { takes: ['map', 'key'], gives: 'found' }],
  [2, { takes: ['map', 'key', 'value', 'any'] }],
  [3, { takes: ['map', 'key'] }],
  [5, { takes: [] }],
  [7, { takes: [] }],
  [8, { takes: [] }],
  [6, { takes: ['memory', 'size'] }],
  [9, { takes: ['context', 'any', 'memory', 'size', 'any'], movesPacket: true }],
  [10, moves(4)],
  [11, moves(4)],
  [12, { takes: ['context', 'map', 'any'] }],
  [23, { takes: ['any', 'any'] }],
  [26, { takes: ['context', 'any', 'output', 'size'] }],
  [28, { takes: ['memoryOrNull', 'sizeOrZero', 'memoryOrNull', 'sizeOrZero', 'any'] }],
  [32, { takes: context(1) }],
  [38, moves(2)],
  [39, moves(1)],
  [44, moves(1)],
  [51, { takes: ['map', 'any', 'any'] }],
  [54, moves(1)],
  [65, moves(1)],
  [69, { takes: ['context', 'output', 'size', 'any'] }],
  [84, { takes: ['context', 'memory', 'size', 'any', 'any'], gives: 'socket' }],
  [85, { takes: ['context', 'memory', 'size', 'any', 'any'], gives: 'socket' }],
  [86, { takes: ['socket'] }],
  [99, { takes: ['context', 'memory', 'size', 'any', 'any'], gives: 'socket' }],
  [118, { takes: [] }],
  [125, { takes: [] }],
  [130, { takes: ['map', 'memory', 'sizeOrZero', 'any'] }],
  [131, { takes: ['map', 'any', 'any'], gives: 'record' }],
  [132, { takes: ['record', 'any'] }],
  [133, { takes: ['record', 'any'] }],
  [134, { takes: ['map', 'any'] }],
  [152, { takes: ['any', 'memoryOrNull', 'sizeOrZero', 'any'] }],
  [155, { takes: ['any', 'any'] }],
  [160, { takes: [] }],
  [181, { takes: ['any', 'function', 'any', 'any'] }],
]);
