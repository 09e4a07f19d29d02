/**
 * Loads and stores as WebAssembly. What is certainly allowed is done in place; everything else, and
 * above all what is not allowed, is left to the interpreter.
 */
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
import { type Fact, factOf, type Here, isPlaced, isWorthPlacing, toPlace } from './facts.ts';
import {
  exitIf,
  importIndex,
  local,
  placeOf,
  register,
  reload,
  type SideExit,
  spill,
  translate,
} from './layout.ts';
import { place } from './linear-heap.ts';
import { accessSpan, type Span } from './span.ts';

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
  exit: SideExit,
): number {
  const fact = factOf(here.facts, base);
  const place = placeOf(base);
  if (isInFrame(fact, access)) {
    code.get(local.stack);
    return STACK_BYTES + fact.offset + access.from;
  }
  if (isPlaced(fact, access)) {
    code.get(place);
    return withNegative(code, access.from);
  }
  if (!isWorthPlacing(base, access, here)) {
    translate(code, base, access, exit);
    return 0;
  }
  const all = toPlace(base, access, here);
  translate(code, base, all, exit);
  if (all.from !== 0) {
    code.i32(all.from);
    code.put(Wasm.i32Sub);
  }
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

/** Leaves on the stack whether a register holds the address of the context's first field. */
function isContext(code: CodeWriter, base: Register, kind: ProgramKind): void {
  code.get(register(base.number));
  code.i64((BigInt(contextAddress(kind)) << 32n) | BigInt(ORIGIN));
  code.put(Wasm.i64Eq);
}

/** A load. */
export function load(
  code: CodeWriter,
  instruction: Load,
  { kind, here, exit }: { kind: ProgramKind; here: Here; exit: SideExit },
): void {
  const { size, isSigned, offset, base, destination } = instruction;
  const d = register(destination.number);
  const fact = factOf(here.facts, base.number);
  const field = isSigned ? undefined : contextLoad(kind, offset, size);
  const plain = (): void => {
    const access = accessSpan(instruction, false);
    const at = locate(code, base.number, access, here, exit);
    code.access(loads[size][isSigned ? 1 : 0], at);
    code.set(d);
  };
  if (!field || (fact?.kind !== 'context' && fact?.kind !== 'passed')) return plain();
  if (fact.kind === 'context') return loadField(code, field, d);
  isContext(code, base, kind);
  code.if();
  loadField(code, field, d);
  code.put(Wasm.else);
  plain();
  code.end();
}

function loadField(code: CodeWriter, field: ContextLoad, destination: number): void {
  code.i32(0);
  if (field.from === 'field') code.access(Wasm.i64Load32U, place.context + field.offset);
  else code.access(Wasm.i64Load, place.places + 4 * field.word);
  code.set(destination);
}

/**
 * An atomic change; one whose operator has a result is the interpreter's. Packets, which may not be
 * changed so, are writable otherwise: they are told by their address.
 */
export function atomic(code: CodeWriter, instruction: Atomic, exit: SideExit): void {
  const { base, size, source, fetch, operator } = instruction;
  if (fetch || operator === 'exchange' || operator === 'compareExchange') {
    return interpretAtomic(code, instruction, exit.slot);
  }
  translate(code, base.number, accessSpan(instruction, true), exit);
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
  exitIf(code, exit);
  code.get(local.word);
  code.get(local.word);
  code.access(size === 8 ? Wasm.i64Load : Wasm.i64Load32U, 0);
  code.get(register(source.number));
  code.put({ add: Wasm.i64Add, or: Wasm.i64Or, and: Wasm.i64And, xor: Wasm.i64Xor }[operator]);
  code.access(stores[size], 0);
}

function interpretAtomic(code: CodeWriter, instruction: Atomic, slot: number): void {
  const { base, source, operator } = instruction;
  const isCompared = operator === 'compareExchange';
  spill(code, base.number);
  spill(code, source.number);
  if (isCompared) spill(code, 0);
  interpret(code, slot);
  code.put(Wasm.drop);
  reload(code, isCompared ? 0 : source.number);
}

/** A store. */
export function store(
  code: CodeWriter,
  instruction: Store,
  { kind, here, exit }: { kind: ProgramKind; here: Here; exit: SideExit },
): void {
  const { size, offset, base, source } = instruction;
  const value = (): void => {
    if (source instanceof Register) code.get(register(source.number));
    else code.wide(source);
  };
  const plain = (): void => {
    const at = locate(code, base.number, accessSpan(instruction, true), here, exit);
    value();
    code.access(stores[size], at);
  };
  const inField = (): void => {
    code.i32(0);
    value();
    code.access(Wasm.i64Store32, place.context + offset);
    code.i32(0);
    code.i32(1);
    code.access(Wasm.i32Store, place.isContextWritten);
  };
  const fact = factOf(here.facts, base.number);
  const isField = isContextStore(kind, offset, size);
  if (!isField || (fact?.kind !== 'context' && fact?.kind !== 'passed')) return plain();
  if (fact.kind === 'context') return inField();
  isContext(code, base, kind);
  code.if();
  inField();
  code.put(Wasm.else);
  plain();
  code.end();
}
