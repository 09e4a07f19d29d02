/**
 * Loads and stores as WebAssembly. What is certainly allowed is done in place; everything else, and
 * above all what is not allowed, by the interpreter's own step.
 */
import {
  type AccessSize,
  type Atomic,
  type Load,
  Register,
  type Store,
} from '../../asm/instruction.ts';
import { contextAddress, contextLoad, isContextStore, type ProgramKind } from '../context.ts';
import { ORIGIN, TAG } from '../memory.ts';
import { type CodeWriter, Wasm } from './code-writer.ts';
import { importIndex, local, register, reload, spill, translate } from './layout.ts';
import { place } from './linear-heap.ts';

const STACK_BYTES = 512;
const FRAME_POINTER = 10;

const loads: Readonly<Record<AccessSize, readonly [unsigned: number, signed: number]>> = {
  1: [Wasm.i64Load8U, Wasm.i64Load8S],
  2: [Wasm.i64Load16U, Wasm.i64Load16S],
  4: [Wasm.i64Load32U, Wasm.i64Load32S],
  8: [Wasm.i64Load, Wasm.i64Load],
};

const stores: Readonly<Record<AccessSize, number>> = {
  1: Wasm.i64Store8,
  2: Wasm.i64Store16,
  4: Wasm.i64Store32,
  8: Wasm.i64Store,
};

/** Lets the interpreter do the instruction of a slot; where it goes on is left on the stack. */
export function interpret(code: CodeWriter, slot: number): void {
  code.i32(slot);
  code.call(importIndex('step'));
}

function isInStack(base: Register, offset: number, size: number): boolean {
  return base.number === FRAME_POINTER && offset >= -STACK_BYTES && offset + size <= 0;
}

/** Goes on when a register holds the address of the context, where its first field lies. */
function ifContext(
  code: CodeWriter,
  base: Register,
  kind: ProgramKind,
  otherwise: number,
): void {
  code.get(register(base.number));
  code.i64((BigInt(contextAddress(kind)) << 32n) | BigInt(ORIGIN));
  code.put(Wasm.i64Ne);
  code.branchIf(otherwise);
}

/** A load. */
export function load(code: CodeWriter, slot: number, instruction: Load, kind: ProgramKind): void {
  const { size, isSigned, offset, base, destination } = instruction;
  const opcode = loads[size][isSigned ? 1 : 0];
  const d = register(destination.number);
  if (isInStack(base, offset, size)) {
    code.get(local.stack);
    code.access(opcode, STACK_BYTES + offset);
    code.set(d);
  } else {
    const known = isSigned ? undefined : contextLoad(kind, offset, size);
    const done = code.depth;
    code.block();
    if (known) code.block();
    const otherwise = code.depth;
    code.block();
    translate(code, { base: base.number, offset, size, isStore: false }, otherwise);
    code.access(opcode, 0);
    code.set(d);
    code.branch(done);
    code.end();
    if (known) {
      ifContext(code, base, kind, done + 1);
      code.i32(0);
      if (known.from === 'field') code.access(Wasm.i64Load32U, place.context + known.offset);
      else code.access(Wasm.i64Load, place.places + 4 * known.word);
      code.set(d);
      code.branch(done);
      code.end();
    }
    spill(code, base.number);
    interpret(code, slot);
    code.put(Wasm.drop);
    reload(code, destination.number);
    code.end();
  }
}

/**
 * An atomic change without result; `undefined` operators need the interpreter. Packets, which may
 * not be changed so, are writable otherwise: they are told by their address.
 */
export function atomic(code: CodeWriter, slot: number, instruction: Atomic): void {
  const { base, offset, size, source, fetch, operator } = instruction;
  const isCompared = operator === 'compareExchange';
  const done = code.depth;
  code.block();
  if (!fetch && operator !== 'exchange' && operator !== 'compareExchange') {
    const otherwise = code.depth;
    code.block();
    translate(code, { base: base.number, offset, size, isStore: true }, otherwise);
    code.set(local.word);
    code.get(local.row);
    code.i32(TAG);
    code.put(Wasm.i32Add);
    code.i32(0);
    code.access(Wasm.i32Load, place.places + 4);
    code.put(Wasm.i32Eq);
    code.get(local.address);
    code.put(Wasm.i32WrapI64);
    code.i32(size - 1);
    code.put(Wasm.i32And, Wasm.i32Or);
    code.branchIf(otherwise);
    code.get(local.word);
    code.get(local.word);
    code.access(size === 8 ? Wasm.i64Load : Wasm.i64Load32U, 0);
    code.get(register(source.number));
    code.put({ add: Wasm.i64Add, or: Wasm.i64Or, and: Wasm.i64And, xor: Wasm.i64Xor }[operator]);
    code.access(stores[size], 0);
    code.branch(done);
    code.end();
  }
  spill(code, base.number);
  spill(code, source.number);
  if (isCompared) spill(code, 0);
  interpret(code, slot);
  code.put(Wasm.drop);
  if (fetch) reload(code, isCompared ? 0 : source.number);
  code.end();
}

/** A store. */
export function store(code: CodeWriter, slot: number, instruction: Store, kind: ProgramKind): void {
  const { size, offset, base, source } = instruction;
  const value = (): void => {
    if (source instanceof Register) code.get(register(source.number));
    else code.wide(source);
  };
  if (isInStack(base, offset, size)) {
    code.get(local.stack);
    value();
    code.access(stores[size], STACK_BYTES + offset);
  } else {
    const isField = isContextStore(kind, offset, size);
    const done = code.depth;
    code.block();
    if (isField) code.block();
    const otherwise = code.depth;
    code.block();
    translate(code, { base: base.number, offset, size, isStore: true }, otherwise);
    value();
    code.access(stores[size], 0);
    code.branch(done);
    code.end();
    if (isField) {
      ifContext(code, base, kind, done + 1);
      code.i32(0);
      value();
      code.access(Wasm.i64Store32, place.context + offset);
      code.branch(done);
      code.end();
    }
    spill(code, base.number);
    if (source instanceof Register) spill(code, source.number);
    interpret(code, slot);
    code.put(Wasm.drop);
    code.end();
  }
}
