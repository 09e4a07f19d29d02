/** What an instruction does to what is known, and what may be said against it. */
import type { Placed } from '../asm/decode.ts';
import {
  type Arithmetic,
  type Branch,
  type LoadConstant,
  type Operand,
  Register,
} from '../asm/instruction.ts';
import { checkAccess, checkArgument } from './access.ts';
import { boundedResult, constantResult, holds, holdsForAll, isWithin } from './constants.ts';
import { type HelperRule, helperRules } from './helper-rules.ts';
import { checkHelperUse } from './helper-use.ts';
import { checkPointerMove } from './pointer-rules.ts';
import type { Complain, Scope } from './scope.ts';
import type { State } from './state.ts';
import type { MapShape } from '../object.ts';
import { ANY_NUMBER, fresh, number, scalar, unknown, type Value } from './value.ts';

/** Goes over one instruction. Branches change nothing here: see `along`. */
export function transfer(scope: Scope, state: State, placed: Placed, complain: Complain): void {
  const { instruction, slot } = placed;
  const { registers } = state;
  for (const read of readRegisters(placed)) {
    if (registers[read]!.kind === 'unread') complain(`R${read} !read_ok`);
  }
  switch (instruction.kind) {
    case 'arithmetic':
      arithmetic(state, instruction, slot, complain);
      return;
    case 'signExtend':
    case 'negate':
    case 'byteSwap': {
      const d = instruction.destination.number;
      registers[d] = registers[d]!.kind === 'unknown' ? unknown : scalar;
      return;
    }
    case 'loadConstant': {
      const made = constant(scope, slot, instruction);
      registers[instruction.destination.number] = made;
      return;
    }
    case 'load':
    case 'store':
    case 'atomic':
      checkAccess(scope, state, instruction, complain);
      memory(scope, state, placed);
      return;
    case 'call':
      call(scope, state, placed, complain);
      return;
    case 'exit': {
      const [open] = state.references;
      if (open === undefined || !scope.isProgram) return;
      complain(`Unreleased reference, reserved at instruction ${open}`);
    }
  }
}

/** A number, a map, or where the one value of a map lies. */
function constant(scope: Scope, slot: number, { from, value, offset }: LoadConstant): Value {
  if (from === 'value') return number(value);
  const map = scope.mapAt(slot);
  if (!map) return unknown;
  if (from === 'mapByDescriptor') return { kind: 'map', map, id: 0, mayBeNull: false };
  if (from !== 'mapValueByDescriptor') return unknown;
  return { kind: 'mapValue', map, id: slot, mayBeNull: false, offset };
}

function readRegisters({ instruction }: Placed): number[] {
  const numbers = (...operands: readonly Operand[]): number[] =>
    operands.flatMap((each) => (each instanceof Register ? [each.number] : []));
  switch (instruction.kind) {
    case 'arithmetic': {
      const { operator, destination, source } = instruction;
      return operator === 'mov' ? numbers(source) : numbers(destination, source);
    }
    case 'signExtend':
      return numbers(instruction.source);
    case 'negate':
    case 'byteSwap':
      return numbers(instruction.destination);
    case 'branch':
      return numbers(instruction.left, instruction.right);
    case 'load':
      return numbers(instruction.base);
    case 'store':
    case 'atomic':
      return numbers(instruction.base, instruction.source);
    default:
      return [];
  }
}

function operandOf({ registers }: State, operand: Operand): Value {
  return operand instanceof Register ? registers[operand.number]! : number(BigInt(operand));
}

function arithmetic(
  state: State,
  { operator, width, destination, source }: Arithmetic,
  slot: number,
  complain: Complain,
): void {
  const right = operandOf(state, source);
  const left = operator === 'mov' ? scalar : state.registers[destination.number]!;
  const set = (value: Value): void => {
    state.registers[destination.number] = value;
  };
  if (operator === 'mov' && width === 64) return set(right);
  if (left.kind === 'scalar' && right.kind === 'scalar') {
    const bounded = boundedResult(operator, width, left.most, right.value);
    return set(bounded ?? constantResult(operator, width, left.value, right.value));
  }
  if (operator === 'mov') return set(right.kind === 'unknown' ? unknown : scalar);
  if (left.kind === 'unknown' || right.kind === 'unknown') return set(unknown);
  checkPointerMove({ operator, width, register: destination.number }, left, right, complain);
  if (operator !== 'add' && operator !== 'sub') return set(unknown);
  set(width === 64 ? moved(state, operator, left, right, slot) : unknown);
}

/** Pointers that may move further are refused for that already. */
const REACH_MAX = 1n << 29n;

function withoutMost(value: Value): Value {
  if (value.kind !== 'mapValue') return value;
  const { most: _, offset: __, ...rest } = value;
  return rest;
}

/** A pointer and a number, or two pointers. */
function moved(
  state: State,
  operator: 'add' | 'sub',
  left: Value,
  right: Value,
  slot: number,
): Value {
  if (left.kind !== 'scalar' && right.kind !== 'scalar')
    return operator === 'sub' ? scalar : unknown;
  const [pointer, by] = left.kind === 'scalar' ? [right, left] : [left, right];
  if (by.kind !== 'scalar' || (operator === 'sub' && pointer === right)) return unknown;
  const known = by.value === undefined ? undefined : Number(BigInt.asIntN(64, by.value));
  const delta = known === undefined || operator === 'add' ? known : -known;
  switch (pointer.kind) {
    case 'packet':
      if (delta !== undefined) return { ...pointer, offset: pointer.offset + delta };
      state.forget(slot);
      return { kind: 'packet', id: slot, offset: 0 };
    case 'stack':
    case 'mapValue':
    case 'record': {
      const { offset, ...rest } = pointer;
      if (offset === undefined) return rest;
      if (delta !== undefined) return { ...rest, offset: offset + delta };
      if (pointer.kind !== 'mapValue' || operator === 'sub') return withoutMost(rest as Value);
      const most = by.most === undefined || by.most > REACH_MAX ? undefined : Number(by.most);
      if (most === undefined) return withoutMost(rest as Value);
      return { ...(rest as typeof pointer), offset, most: (pointer.most ?? 0) + most };
    }
    default:
      return unknown;
  }
}

function memory(scope: Scope, state: State, { instruction }: Placed): void {
  if (instruction.kind === 'load') {
    const { base, offset, size, destination, isSigned } = instruction;
    const value = loaded(scope, state, state.registers[base.number]!, { offset, size });
    const isBelowZero = isSigned && value.kind === 'scalar';
    state.registers[destination.number] = isBelowZero ? scalar : value;
    return;
  }
  if (instruction.kind !== 'store' && instruction.kind !== 'atomic') return;
  const base = state.registers[instruction.base.number]!;
  if (base.kind === 'unknown') state.spills.clear();
  if (base.kind === 'stack') spill(state, base.offset, instruction);
  if (instruction.kind !== 'atomic' || !instruction.fetch) return;
  const result = instruction.operator === 'compareExchange' ? 0 : instruction.source.number;
  state.registers[result] = unknown;
}

function loaded(
  scope: Scope,
  state: State,
  base: Value,
  { offset, size }: { readonly offset: number; readonly size: number },
): Value {
  if (base.kind === 'context' && size === 4) {
    if (offset === scope.dataOffset) return { kind: 'packet', id: -1, offset: 0 };
    if (offset === scope.dataEndOffset) return { kind: 'packetEnd' };
    // Others are the metadata's pointer, and what other kinds of program have.
    return scope.isField(offset) ? fresh(0xffff_ffffn) : unknown;
  }
  if (base.kind === 'stack' && base.offset !== undefined && size === 8) {
    return state.spills.get(base.offset + offset) ?? unknown;
  }
  if (base.kind === 'unknown' || base.kind === 'context') return unknown;
  const isSeen = base.kind === 'mapValue' ? !isReadOnly(base.map) : base.kind === 'packet';
  if (isSeen) return fresh(size === 8 ? ANY_NUMBER : 2n ** BigInt(size * 8) - 1n);
  return size === 8 ? unknown : scalar;
}

/** The kernel may know what a map holds that nobody may change. */
function isReadOnly({ flags, isFrozen, contents }: MapShape): boolean {
  return isFrozen === true || contents !== undefined || flags !== 0;
}

function spill(
  state: State,
  base: number | undefined,
  instruction: Extract<Placed['instruction'], { kind: 'store' | 'atomic' }>,
): void {
  if (base === undefined) return state.spills.clear();
  const { size, source, kind } = instruction;
  const at = base + instruction.offset;
  for (const offset of state.spills.keys()) {
    if (offset < at + size && at < offset + 8) state.spills.delete(offset);
  }
  if (kind === 'store' && size === 8) state.spills.set(at, operandOf(state, source));
}

function call(scope: Scope, state: State, { slot, instruction }: Placed, complain: Complain): void {
  if (instruction.kind !== 'call') return;
  if (instruction.target === 'helper') {
    checkHelperUse(scope, instruction.number, state, complain);
  }
  const rule = instruction.target === 'helper' ? helperRules.get(instruction.number) : undefined;
  const { registers } = state;
  const [, first, second] = registers;
  if (!rule) {
    // What it does is not known here: it may do anything to what it can reach.
    state.spills.clear();
    state.references.clear();
    state.movePacket(unknown);
  } else {
    rule.takes.forEach((takes, index) => {
      checkArgument(takes, index + 1, state, complain);
      if (takes === 'output' && registers[index + 1]!.kind !== 'mapValue') state.spills.clear();
      const given = registers[index + 1]!;
      const isReleased = takes === 'record' || takes === 'socket';
      if (isReleased && 'id' in given) state.release(given.id);
    });
    if (rule.movesPacket) state.movePacket();
  }
  state.forget(slot);
  state.loseArguments();
  registers[0] = unknown;
  state.registers[0] = rule ? result(rule.gives, state, slot, first!, second!) : unknown;
}

function result(
  gives: HelperRule['gives'],
  state: State,
  slot: number,
  first: Value,
  second: Value,
): Value {
  const made = { id: slot, mayBeNull: true };
  if (gives === 'socket') {
    state.references.add(slot);
    return { ...made, kind: 'socket' };
  }
  if (gives === 'record') {
    state.references.add(slot);
    const size = second.kind === 'scalar' && second.value !== undefined ? second.value : undefined;
    const record = { ...made, kind: 'record', offset: 0 } as const;
    return size === undefined ? record : { ...record, size: Number(size) };
  }
  if (gives !== 'found') return scalar;
  if (first.kind !== 'map') return unknown;
  const { map } = first;
  if (map.inner) return { ...made, kind: 'map', map: map.inner };
  return map.valueSize > 0 ? { ...made, kind: 'mapValue', map, offset: 0 } : unknown;
}

/** What is known when a branch is taken, or is not; `undefined` when it never is. */
export function along(state: State, branch: Branch, isTaken: boolean): State | undefined {
  const left = operandOf(state, branch.left);
  const right = operandOf(state, branch.right);
  if (left.kind === 'scalar' && right.kind === 'scalar') {
    const decided =
      holds(branch, left.value, right.value) ?? holdsForAll(branch, left.most, right.value);
    if (decided !== undefined && decided !== isTaken) return undefined;
  }
  const made = state.copy();
  made.isReached &&= isOpen(branch, left, right);
  // What was compared with anything is better known to the kernel from here on.
  const isCompared = [left, right].some(
    (each) => each.kind === 'scalar' && each.most !== undefined,
  );
  if (isCompared) made.replace(forgetMost);
  if (branch.width === 32) return made;
  const isZero = right.kind === 'scalar' && right.value === 0n;
  const isEquality = branch.comparison === 'eq' || branch.comparison === 'ne';
  if ('mayBeNull' in left && left.mayBeNull && isZero && isEquality) {
    made.settle(left.id, (branch.comparison === 'eq') === isTaken);
  }
  const { comparison } = branch;
  if (left.kind === 'packet') comparePacket(made, left, right, isBelow(comparison, isTaken));
  if (right.kind === 'packet') {
    comparePacket(made, right, left, isBelow(mirrored[comparison] ?? comparison, isTaken));
  }
  return made;
}

/** Whether the kernel certainly takes both ways into account. */
function isOpen(branch: Branch, left: Value, right: Value): boolean {
  if (left.kind === 'scalar' && left.value !== undefined) return isOpenKnown(left, right);
  if (right.kind === 'packetEnd' || left.kind === 'packetEnd') return true;
  if (right.kind !== 'scalar' || right.value === undefined) return false;
  if ('mayBeNull' in left) return left.mayBeNull && right.value === 0n;
  return left.kind === 'scalar' && isWithin(branch, left.most, right.value);
}

/** Of a known number the way is known, and `along` took it. */
function isOpenKnown(left: Value & { kind: 'scalar' }, right: Value): boolean {
  return right.kind === 'scalar' && right.value !== undefined && left.value !== undefined;
}

function forgetMost(value: Value): Value {
  return value.kind === 'scalar' && value.most !== undefined ? scalar : value;
}

const mirrored: Partial<Record<Branch['comparison'], Branch['comparison']>> = {
  ...{ lt: 'gt', le: 'ge', gt: 'lt', ge: 'le' },
};

/** Whether what is compared lies below the other, or may be equal to it, on that way. */
function isBelow(comparison: Branch['comparison'], isTaken: boolean): boolean {
  const isWay = comparison === 'lt' || comparison === 'le';
  const isOther = comparison === 'gt' || comparison === 'ge';
  return isWay ? isTaken : !(isOther && isTaken);
}

/** Generous: by one byte, and where it is not certain what is compared. */
function comparePacket(
  state: State,
  pointer: Value & { kind: 'packet' },
  other: Value,
  mayBeBelow: boolean,
): void {
  if (other.kind !== 'packetEnd' && other.kind !== 'unknown') return;
  if (other.kind === 'packetEnd' && !mayBeBelow) return;
  state.widen(pointer.id, pointer.offset + 1);
  if (pointer.id !== -1) state.widen(-1, Number.POSITIVE_INFINITY);
}

/** The state at the start of a function. */
export function initial(state: State, isProgram: boolean): State {
  state.registers[10] = { kind: 'stack', offset: 0 };
  if (isProgram) state.registers[1] = { kind: 'context' };
  else for (const argument of [1, 2, 3, 4, 5]) state.registers[argument] = unknown;
  return state;
}
