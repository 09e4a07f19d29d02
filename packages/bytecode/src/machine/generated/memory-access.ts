/**
 * Loads and stores as WebAssembly. What is certainly allowed is done in place; everything else, and
 * above all what is not allowed, by the interpreter's own step.
 */
import type { Placed } from '../../asm/decode.ts';
import {
  type AccessSize,
  type Atomic,
  type Load,
  Register,
  type Store,
} from '../../asm/instruction.ts';
import {
  contextAddress,
  type ContextLoad,
  contextLoad,
  isContextStore,
  type ProgramKind,
} from '../context.ts';
import { STACK_BYTES } from '../cpu.ts';
import { ORIGIN, TAG } from '../memory.ts';
import { type CodeWriter, Wasm } from './code-writer.ts';
import {
  accessSpan,
  type Fact,
  factOf,
  type Here,
  isPlaced,
  isWorthPlacing,
  type Span,
  toPlace,
} from './facts.ts';
import { importIndex, local, placeOf, register, reload, spill, translate } from './layout.ts';
import { place } from './linear-heap.ts';

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

/** The place of an access: what is on the stack, and an offset to add to it. */
export function locate(
  code: CodeWriter,
  base: number,
  access: Span,
  here: Here,
  otherwise: number,
): number {
  const fact = factOf(here.facts, base);
  const place = placeOf(base);
  if (isInFrame(fact, access)) {
    code.get(local.stack);
    return STACK_BYTES + fact.offset + access.from;
  }
  if (isPlaced(fact, access)) {
    code.get(place);
    code.put(Wasm.i32Eqz);
    code.branchIf(otherwise);
    code.get(place);
    return withNegative(code, access.from);
  }
  if (!isWorthPlacing(base, here)) {
    translate(code, base, access, otherwise);
    return 0;
  }
  const all = toPlace(base, access, here);
  code.i32(0);
  code.set(place);
  translate(code, base, all, otherwise);
  code.i32(all.from);
  code.put(Wasm.i32Sub);
  code.tee(place);
  return withNegative(code, access.from);
}

/** WebAssembly's own offsets are not negative. */
function withNegative(code: CodeWriter, offset: number): number {
  if (offset >= 0) return offset;
  code.i32(offset);
  code.put(Wasm.i32Add);
  return 0;
}

function isInFrame(fact: Fact | undefined, { from, to }: Span): fact is Fact & { kind: 'stack' } {
  return fact?.kind === 'stack' && fact.offset + from >= -STACK_BYTES && fact.offset + to <= 0;
}

/** Goes on when a register holds the address of the context, where its first field lies. */
function ifContext(code: CodeWriter, base: Register, kind: ProgramKind, otherwise: number): void {
  code.get(register(base.number));
  code.i64((BigInt(contextAddress(kind)) << 32n) | BigInt(ORIGIN));
  code.put(Wasm.i64Ne);
  code.branchIf(otherwise);
}

/** A load. */
export function load(
  code: CodeWriter,
  { slot, instruction }: Placed & { instruction: Load },
  kind: ProgramKind,
  here: Here,
): void {
  const { size, isSigned, offset, base, destination } = instruction;
  const opcode = loads[size][isSigned ? 1 : 0];
  const d = register(destination.number);
  const access = accessSpan(instruction, false);
  const fact = factOf(here.facts, base.number);
  const known = isSigned ? undefined : contextLoad(kind, offset, size);
  if (isInFrame(fact, access)) {
    code.access(opcode, locate(code, base.number, access, here, code.depth));
    code.set(d);
    return;
  }
  if (fact?.kind === 'context' && known) return loadField(code, known, d);
  const done = code.depth;
  code.block();
  if (known) code.block();
  const otherwise = code.depth;
  code.block();
  code.access(opcode, locate(code, base.number, access, here, otherwise));
  code.set(d);
  code.branch(done);
  code.end();
  if (known) {
    ifContext(code, base, kind, done + 1);
    loadField(code, known, d);
    code.branch(done);
    code.end();
  }
  spill(code, base.number);
  interpret(code, slot);
  code.put(Wasm.drop);
  reload(code, destination.number);
  code.end();
}

function loadField(code: CodeWriter, field: ContextLoad, destination: number): void {
  code.i32(0);
  if (field.from === 'field') code.access(Wasm.i64Load32U, place.context + field.offset);
  else code.access(Wasm.i64Load, place.places + 4 * field.word);
  code.set(destination);
}

/**
 * An atomic change without result; `undefined` operators need the interpreter. Packets, which may
 * not be changed so, are writable otherwise: they are told by their address.
 */
export function atomic(code: CodeWriter, slot: number, instruction: Atomic): void {
  const { base, size, source, fetch, operator } = instruction;
  const isCompared = operator === 'compareExchange';
  const done = code.depth;
  code.block();
  if (!fetch && operator !== 'exchange' && operator !== 'compareExchange') {
    const otherwise = code.depth;
    code.block();
    translate(code, base.number, accessSpan(instruction, true), otherwise);
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
export function store(
  code: CodeWriter,
  { slot, instruction }: Placed & { instruction: Store },
  kind: ProgramKind,
  here: Here,
): void {
  const { size, offset, base, source } = instruction;
  const value = (): void => {
    if (source instanceof Register) code.get(register(source.number));
    else code.wide(source);
  };
  const access = accessSpan(instruction, true);
  const put = (otherwise: number): void => {
    const at = locate(code, base.number, access, here, otherwise);
    value();
    code.access(stores[size], at);
  };
  const fact = factOf(here.facts, base.number);
  if (isInFrame(fact, access)) return put(code.depth);
  const isField = isContextStore(kind, offset, size);
  const done = code.depth;
  code.block();
  if (isField) code.block();
  const otherwise = code.depth;
  code.block();
  put(otherwise);
  code.branch(done);
  code.end();
  if (isField) {
    if (fact?.kind !== 'context') ifContext(code, base, kind, done + 1);
    code.i32(0);
    value();
    code.access(Wasm.i64Store32, place.context + offset);
    code.i32(0);
    code.i32(1);
    code.access(Wasm.i32Store, place.isContextWritten);
    code.branch(done);
    code.end();
  }
  spill(code, base.number);
  if (source instanceof Register) spill(code, source.number);
  interpret(code, slot);
  code.put(Wasm.drop);
  code.end();
}
