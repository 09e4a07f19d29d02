/**
 * Neighbouring stores of constants into one object become fewer, wider ones: usually zeroes that
 * the front end writes into padding, which the kernel compares when it looks a key up.
 */
import { maskOf } from '../ir/arithmetic.ts';
import { type Block, type IrFunction, isCall, type Value } from '../ir/ir.ts';
import { constantOf } from './rewriter.ts';

/** Stores of constants through one base with nothing between them that could read or overwrite. */
interface Group {
  readonly base: Value;
  readonly stores: Value[];
}

interface Piece {
  readonly offset: number;
  readonly size: 1 | 2 | 4 | 8;
  readonly bits: bigint;
}

/** Objects that begin at a multiple of 8 bytes, so that an offset tells the alignment. */
const alignedSpaces = new Set<string>(['stack', 'map', 'ringBuffer']);

/** More stores than this are not looked at together. */
const groupLimit = 64;

/** Whether anything changed. */
export function mergeStores(made: IrFunction): boolean {
  const replaced = new Map<Value, Value[]>();
  for (const block of made.blocks) mergeInBlock(made, block, replaced);
  return replaced.size > 0;
}

/** Says in `replaced` what stands in the place of each store that is gone. */
function mergeInBlock(made: IrFunction, block: Block, replaced: Map<Value, Value[]>): void {
  const before = replaced.size;
  let group: Group | null = null;
  const finish = (): void => {
    if (group && group.stores.length > 1) mergeGroup(made, group, replaced);
    group = null;
  };
  block.values.forEach((value) => {
    if (isMergeable(value)) {
      const base = value.operands[0]!;
      if (group && !belongs(group, value)) finish();
      group ??= { base, stores: [] };
      group.stores.push(value);
    } else if (touchesMemory(value)) {
      finish();
    }
  });
  finish();
  if (replaced.size === before) return;
  block.values = block.values.flatMap((value) => replaced.get(value) ?? [value]);
}

function isMergeable(value: Value): boolean {
  const { operation, operands } = value;
  if (operation.op !== 'store' || operation.access.isAtomic) return false;
  if (!alignedSpaces.has(operation.access.space)) return false;
  return constantOf(operands[1]) !== null;
}

function touchesMemory(value: Value): boolean {
  return isCall(value.operation) || 'access' in value.operation;
}

function isSameBase(left: Value, right: Value): boolean {
  const [a, b] = [left.operation, right.operation];
  return left === right || (a.op === 'slot' && b.op === 'slot' && a.slot === b.slot);
}

/** Whether `store` goes to the group's object, to bytes that no store of the group writes. */
function belongs(group: Group, store: Value): boolean {
  if (!isSameBase(group.base, store.operands[0]!)) return false;
  if (group.stores.length >= groupLimit) return false;
  const [from, to] = spanOf(store);
  return group.stores.every((other) => {
    const [start, end] = spanOf(other);
    return to <= start || end <= from;
  });
}

function spanOf(store: Value): [number, number] {
  if (store.operation.op !== 'store') throw new Error('not a store');
  const { offset, size } = store.operation.access;
  return [offset, offset + size];
}

/** Says in `replaced` what stands in the place of each store: nothing, but for the last one. */
function mergeGroup(made: IrFunction, group: Group, replaced: Map<Value, Value[]>): void {
  const bytes = new Map<number, bigint>();
  for (const store of group.stores) {
    const [from, to] = spanOf(store);
    const bits = constantOf(store.operands[1])!;
    for (let at = from; at < to; at++) bytes.set(at, (bits >> BigInt(8 * (at - from))) & 0xffn);
  }
  const pieces = cut(bytes);
  if (pieces.length >= group.stores.length) return;
  const last = group.stores[group.stores.length - 1]!;
  for (const store of group.stores) replaced.set(store, []);
  replaced.set(
    last,
    pieces.map((piece) => makeStore(made, last, piece)),
  );
}

/** The widest aligned stores that write `bytes`. */
function cut(bytes: ReadonlyMap<number, bigint>): Piece[] {
  const pieces: Piece[] = [];
  const offsets = [...bytes.keys()].sort((left, right) => left - right);
  let next = -Infinity;
  for (const offset of offsets) {
    if (offset < next) continue;
    for (const size of [8, 4, 2, 1] as const) {
      const bits = assemble(bytes, offset, size);
      if (offset % size !== 0 || bits === null) continue;
      // A store of 8 bytes has room for 32 bits, which are sign-extended.
      if (size === 8 && BigInt.asUintN(64, BigInt.asIntN(32, bits)) !== bits) continue;
      pieces.push({ offset, size, bits });
      next = offset + size;
      break;
    }
  }
  return pieces;
}

function assemble(bytes: ReadonlyMap<number, bigint>, offset: number, size: number): bigint | null {
  let bits = 0n;
  for (let at = size - 1; at >= 0; at--) {
    const byte = bytes.get(offset + at);
    if (byte === undefined) return null;
    bits = (bits << 8n) | byte;
  }
  return bits & maskOf(size * 8);
}

function makeStore(made: IrFunction, like: Value, piece: Piece): Value {
  if (like.operation.op !== 'store') throw new Error('not a store');
  const { offset, size, bits } = piece;
  const width = size === 8 ? 64 : 32;
  const access = { ...like.operation.access, offset, size };
  const operands = [like.operands[0]!, made.makeConstant(bits, width)];
  const store = made.makeValue({ op: 'store', access }, operands, width, like.position);
  store.block = like.block;
  return store;
}
