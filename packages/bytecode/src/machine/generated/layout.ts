/** What generated functions agree on: their locals, and what they import. */
import { REGION_SHIFT, TAG } from '../memory.ts';
import { type CodeWriter, Wasm } from './code-writer.ts';
import { place, REGION_ROWS, REGION_TABLE } from './linear-heap.ts';
import type { Span } from './span.ts';

/** Local variables; r0 to r10 begin at `registers`. */
export const local = {
  /** The parameter: how many instructions may still be executed. */
  left: 0,
  registers: 1,
  address: 12,
  row: 13,
  word: 14,
  stack: 15,
  /** Where the interpreter goes on; next block of an irreducible function. */
  slot: 16,
  /** Where the bytes at r0 to r9 lie, where `facts.ts` says that this is known. */
  places: 17,
} as const;

/** Locals after the parameter: count and type of each group. */
export const localGroups = [
  [12, 'i64'],
  [14, 'i32'],
] as const;

/** Functions that every module imports, in this order. */
export const imports = ['step', 'call', 'leave', 'follow', 'interpret'] as const;

/** An index into the functions of a module. */
export function importIndex(name: (typeof imports)[number]): number {
  return imports.indexOf(name);
}

/** The local of a register. */
export function register(number: number): number {
  return local.registers + number;
}

/** The local of a register's place. */
export function placeOf(number: number): number {
  return local.places + number;
}

/** Writes a register into its cells. */
export function spill(code: CodeWriter, number: number): void {
  code.i32(0);
  code.get(register(number));
  code.access(Wasm.i64Store32, place.low + 4 * number);
  code.i32(0);
  code.get(register(number));
  code.wide(32);
  code.put(Wasm.i64ShrU);
  code.access(Wasm.i64Store32, place.high + 4 * number);
}

/** Reads a register from its cells. */
export function reload(code: CodeWriter, number: number): void {
  code.i32(0);
  code.access(Wasm.i64Load32U, place.low + 4 * number);
  code.i32(0);
  code.access(Wasm.i64Load32U, place.high + 4 * number);
  code.wide(32);
  code.put(Wasm.i64Shl, Wasm.i64Or);
  code.set(register(number));
}

/** A place where generated code may leave the rest of its function to the interpreter. */
export interface SideExit {
  /** Of the instruction that the interpreter begins with. */
  readonly slot: number;
  /** Instructions from there on that were counted already. */
  readonly counted: number;
}

/** Leaves to the interpreter when the condition on the stack holds. */
export function exitIf(code: CodeWriter, { slot, counted }: SideExit): void {
  code.if();
  code.get(local.left);
  code.i32(counted);
  code.put(Wasm.i32Add);
  code.set(local.left);
  code.i32(slot);
  code.set(local.slot);
  // All code of a function stands in one block; behind it, the interpreter is called.
  code.branch(0);
  code.end();
}

/** Offsets in a row of the region table, as an address relative to the region's number * 16. */
const row = {
  begin: REGION_TABLE,
  readable: REGION_TABLE + 4,
  toPlace: REGION_TABLE + 8,
  writable: REGION_TABLE + 12,
} as const;

/**
 * Leaves the place of the first byte on the stack, or all to the interpreter where the row of the
 * address does not allow an access to all of them.
 */
export function translate(
  code: CodeWriter,
  base: number,
  { from, to, isStore }: Span,
  exit: SideExit,
): void {
  code.get(register(base));
  if (from !== 0) {
    code.wide(from);
    code.put(Wasm.i64Add);
  }
  code.tee(local.address);
  code.wide(32);
  code.put(Wasm.i64ShrU, Wasm.i32WrapI64);
  code.i32(TAG);
  code.put(Wasm.i32Sub);
  code.tee(local.row);
  // Rows have these bits of an address: with any other, it is none.
  code.i32(~((REGION_ROWS - 1) << REGION_SHIFT));
  code.put(Wasm.i32And);
  exitIf(code, exit);
  code.get(local.address);
  code.put(Wasm.i32WrapI64);
  code.tee(local.word);
  code.get(local.row);
  code.access(Wasm.i32Load, row.begin);
  code.put(Wasm.i32Sub, Wasm.i64ExtendI32U);
  code.wide(to - from);
  code.put(Wasm.i64Add);
  code.get(local.row);
  code.access(Wasm.i64Load32U, isStore ? row.writable : row.readable);
  code.put(Wasm.i64GtU);
  exitIf(code, exit);
  code.get(local.word);
  code.get(local.row);
  code.access(Wasm.i32Load, row.toPlace);
  code.put(Wasm.i32Add);
}
