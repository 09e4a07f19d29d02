/**
 * Loads and stores as WebAssembly. What is certainly allowed is done in place; everything else, and
 * above all what is not allowed, by the interpreter's own step.
 */
import { type AccessSize, type Load, Register, type Store } from '../../asm/instruction.ts';
import { contextLoad, isContextStore, type ProgramKind } from '../context.ts';
import { type CodeWriter, Wasm } from './code-writer.ts';
import type { RegisterSet } from './context-registers.ts';
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

/** A load; `context`: the registers that hold the context. */
export function load(
  code: CodeWriter,
  slot: number,
  instruction: Load,
  kind: ProgramKind,
  context: RegisterSet,
): void {
  const { size, isSigned, offset, base, destination } = instruction;
  const opcode = loads[size][isSigned ? 1 : 0];
  const d = register(destination.number);
  const known = context & (1 << base.number) ? contextLoad(kind, offset, size) : undefined;
  if (known && !isSigned) {
    code.i32(0);
    if (known.from === 'field') code.access(Wasm.i64Load32U, place.context + known.offset);
    else code.access(Wasm.i64Load, place.places + 4 * known.word);
    code.set(d);
  } else if (isInStack(base, offset, size)) {
    code.get(local.stack);
    code.access(opcode, STACK_BYTES + offset);
    code.set(d);
  } else {
    const done = code.depth;
    code.block();
    const otherwise = code.depth;
    code.block();
    translate(code, { base: base.number, offset, size, isStore: false }, otherwise);
    code.access(opcode, 0);
    code.set(d);
    code.branch(done);
    code.end();
    spill(code, base.number);
    interpret(code, slot);
    code.put(Wasm.drop);
    reload(code, destination.number);
    code.end();
  }
}

/** A store; `context`: the registers that hold the context. */
export function store(
  code: CodeWriter,
  slot: number,
  instruction: Store,
  kind: ProgramKind,
  context: RegisterSet,
): void {
  const { size, offset, base, source } = instruction;
  const value = (): void => {
    if (source instanceof Register) code.get(register(source.number));
    else code.i64(BigInt(source | 0));
  };
  if (context & (1 << base.number) && isContextStore(kind, offset, size)) {
    code.i32(0);
    value();
    code.access(Wasm.i64Store32, place.context + offset);
  } else if (isInStack(base, offset, size)) {
    code.get(local.stack);
    value();
    code.access(stores[size], STACK_BYTES + offset);
  } else {
    const done = code.depth;
    code.block();
    const otherwise = code.depth;
    code.block();
    translate(code, { base: base.number, offset, size, isStore: true }, otherwise);
    value();
    code.access(stores[size], 0);
    code.branch(done);
    code.end();
    spill(code, base.number);
    if (source instanceof Register) spill(code, source.number);
    interpret(code, slot);
    code.put(Wasm.drop);
    code.end();
  }
}
