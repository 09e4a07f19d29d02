/**
 * Lookups of arrays and hash maps as WebAssembly: a function for each map, from the place of a key
 * to the address of its value, 0 where there is none, or -1 where the interpreter must be asked.
 *
 * How the maps lie in memory: `maps/array-table.ts`, `maps/key-index.ts`.
 */
import type { MapShape } from '../../object.ts';
import { isListed } from '../maps/array-table.ts';
import { hashing, head, ROW_HEADER_BYTES, row, rowBytes } from '../maps/key-index.ts';
import { ORIGIN, REGION_SHIFT, TAG } from '../memory.ts';
import { CodeWriter, Wasm } from './code-writer.ts';
import { place } from './linear-heap.ts';

/** The key's place, then words. */
const local = { key: 0, hash: 1, row: 2, head: 3, other: 4, one: 5 } as const;
/** Beside the parameter. */
export const lookupLocals = [[5, 'i32']] as const;

const STRANGE = -1;

/** Whether there is code for the map's lookup. */
export function hasLookup({ kind, maxEntries }: MapShape): boolean {
  if (kind === 'array' || kind === 'perCpuArray') return isListed(maxEntries);
  return kind === 'hash' || kind === 'perCpuHash' || kind === 'lruHash';
}

/** `directory`: the global with the place that the map gives. */
export function lookupBody(shape: MapShape, directory: number): Uint8Array {
  const code = new CodeWriter();
  if (/array/i.test(shape.kind)) lookupArray(code, shape, directory);
  else lookupHash(code, shape, directory);
  code.put(Wasm.end);
  return code.bytes;
}

/** Loads a word at a local's value plus an offset. */
function word(code: CodeWriter, at: number, offset: number): void {
  code.get(at);
  code.access(Wasm.i32Load, offset);
}

function lookupArray(code: CodeWriter, shape: MapShape, directory: number): void {
  word(code, local.key, 0);
  code.tee(local.row);
  code.i32(shape.maxEntries);
  code.put(Wasm.i32GeU);
  code.if();
  code.i64(0n);
  code.put(Wasm.return);
  code.end();
  code.getGlobal(directory);
  code.get(local.row);
  code.i32(2);
  code.put(Wasm.i32Shl, Wasm.i32Add);
  code.access(Wasm.i32Load, 0);
  code.tee(local.row);
  code.put(Wasm.i32Eqz);
  code.if();
  code.wide(STRANGE);
  code.put(Wasm.return);
  code.end();
  code.get(local.row);
  address(code, shape);
}

/** Makes the number of a region on the stack an address of it. */
function address(code: CodeWriter, { kind }: MapShape): void {
  if (kind.startsWith('perCpu')) {
    code.i32(0);
    code.access(Wasm.i32Load, place.cpu);
    code.put(Wasm.i32Add);
  }
  code.i32(REGION_SHIFT);
  code.put(Wasm.i32Shl);
  code.i32(TAG);
  code.put(Wasm.i32Add, Wasm.i64ExtendI32U);
  code.wide(32);
  code.put(Wasm.i64Shl);
  code.wide(ORIGIN);
  code.put(Wasm.i64Or);
}

function lookupHash(code: CodeWriter, shape: MapShape, directory: number): void {
  hash(code, shape.keySize);
  code.getGlobal(directory);
  code.tee(local.head);
  code.access(Wasm.i32Load, head.buckets * 4);
  code.get(local.hash);
  word(code, local.head, head.mask * 4);
  code.put(Wasm.i32And);
  code.i32(2);
  code.put(Wasm.i32Shl, Wasm.i32Add);
  code.access(Wasm.i32Load, 0);
  code.set(local.one);
  const again = code.depth;
  code.loop();
  code.get(local.one);
  code.put(Wasm.i32Eqz);
  code.if();
  code.i64(0n);
  code.put(Wasm.return);
  code.end();
  placeOfRow(code, local.one, shape);
  code.set(local.row);
  const found = code.depth;
  code.block();
  const other = code.depth;
  code.block();
  word(code, local.row, row.hash * 4);
  code.get(local.hash);
  code.put(Wasm.i32Ne);
  code.branchIf(other);
  differs(code, shape.keySize);
  code.put(Wasm.i32Eqz);
  code.branchIf(found);
  code.end();
  word(code, local.row, row.next * 4);
  code.set(local.one);
  code.branch(again);
  code.end();
  code.end();
  if (shape.kind === 'lruHash') renew(code, shape);
  word(code, local.row, row.region * 4);
  address(code, shape);
}

/** The place of the row that a local names. */
function placeOfRow(code: CodeWriter, one: number, { keySize }: MapShape): void {
  word(code, local.head, head.rows * 4);
  code.get(one);
  code.i32(1);
  code.put(Wasm.i32Sub);
  code.i32(rowBytes(keySize));
  code.put(Wasm.i32Mul, Wasm.i32Add);
}

/** As `key-index.ts` does it. */
function hash(code: CodeWriter, keySize: number): void {
  const stir = (): void => {
    code.get(local.hash);
    code.put(Wasm.i32Xor);
    code.i32(hashing.factor);
    code.put(Wasm.i32Mul);
    code.tee(local.other);
    code.get(local.other);
    code.i32(hashing.shift);
    code.put(Wasm.i32ShrU, Wasm.i32Xor);
    code.set(local.hash);
  };
  let at = 0;
  for (; at + 4 <= keySize; at += 4) {
    word(code, local.key, at);
    stir();
  }
  if (at === keySize) return;
  code.i32(0);
  for (let shift = 0; at < keySize; at++, shift += 8) {
    code.get(local.key);
    code.access(Wasm.i32Load8U, at);
    code.i32(shift);
    code.put(Wasm.i32Shl, Wasm.i32Or);
  }
  stir();
}

/** Leaves on the stack whether the key is not that of the row. */
function differs(code: CodeWriter, keySize: number): void {
  const compare = (load: number, differ: number, at: number): void => {
    code.get(local.key);
    code.access(load, at);
    code.get(local.row);
    code.access(load, ROW_HEADER_BYTES + at);
    code.put(differ);
    if (at > 0) code.put(Wasm.i32Or);
  };
  let at = 0;
  for (; at + 8 <= keySize; at += 8) compare(Wasm.i64Load, Wasm.i64Ne, at);
  for (; at + 4 <= keySize; at += 4) compare(Wasm.i32Load, Wasm.i32Ne, at);
  for (; at < keySize; at++) compare(Wasm.i32Load8U, Wasm.i32Ne, at);
}

/** Makes the row the newest. */
function renew(code: CodeWriter, shape: MapShape): void {
  const done = code.depth;
  code.block();
  code.get(local.one);
  word(code, local.head, head.last * 4);
  code.put(Wasm.i32Eq);
  code.branchIf(done);
  // It is not the last: there is a newer one.
  link(code, shape, { of: row.newer, to: row.older });
  word(code, local.row, row.older * 4);
  code.if();
  link(code, shape, { of: row.older, to: row.newer });
  code.put(Wasm.else);
  code.get(local.head);
  word(code, local.row, row.newer * 4);
  code.access(Wasm.i32Store, head.first * 4);
  code.end();
  code.get(local.row);
  word(code, local.head, head.last * 4);
  code.tee(local.other);
  code.access(Wasm.i32Store, row.older * 4);
  code.get(local.row);
  code.i32(0);
  code.access(Wasm.i32Store, row.newer * 4);
  placeOfRow(code, local.other, shape);
  code.get(local.one);
  code.access(Wasm.i32Store, row.newer * 4);
  code.get(local.head);
  code.get(local.one);
  code.access(Wasm.i32Store, head.last * 4);
  code.end();
}

/** The neighbour on one side gets that of the other side as its own on that side. */
function link(
  code: CodeWriter,
  shape: MapShape,
  side: { readonly of: number; readonly to: number },
): void {
  word(code, local.row, side.of * 4);
  code.set(local.other);
  placeOfRow(code, local.other, shape);
  word(code, local.row, side.to * 4);
  code.access(Wasm.i32Store, side.to * 4);
}
