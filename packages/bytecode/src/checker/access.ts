/** What may be said against an access to memory, or an argument of a helper. */
import type { Atomic, Load, Store } from '../asm/instruction.ts';
import type { MapShape } from '../object.ts';
import { checkContext } from './context-access.ts';
import type { ArgumentRule } from './helper-rules.ts';
import type { Complain, Scope } from './scope.ts';
import type { State } from './state.ts';
import { kernelName, type Value } from './value.ts';

const STACK_BYTES = 512;
/** Kinds of program that may not write to their packet: control groups', and `sk_reuseport`. */
const readOnlyPackets: ReadonlySet<number> = new Set([8, 21]);
/** @source BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG, include/uapi/linux/bpf.h */
const [READ_ONLY, WRITE_ONLY] = [1 << 7, 1 << 8];

type Access = Load | Store | Atomic;

/** A load, store or atomic operation. */
export function checkAccess(
  scope: Scope,
  state: State,
  instruction: Access,
  complain: Complain,
): void {
  const { size, offset } = instruction;
  const base = instruction.base.number;
  const value = state.registers[base]!;
  if ('mayBeNull' in value && value.mayBeNull) {
    complain(`R${base} invalid mem access '${kernelName(value)}' (compare it with 0 first)`);
    return;
  }
  switch (value.kind) {
    case 'scalar':
    case 'packetEnd':
      complain(`R${base} invalid mem access '${kernelName(value)}'`);
      return;
    case 'context':
      checkContext(scope, instruction, complain);
      return;
    case 'stack': {
      const at = value.offset === undefined ? undefined : value.offset + offset;
      if (at !== undefined && at % size !== 0) {
        complain(`misaligned stack access off ${at} size ${size}`);
      }
      if (at === undefined || (at >= -STACK_BYTES && at + size <= 0)) return;
      const what = instruction.kind === 'load' ? 'read from' : 'write to';
      complain(`invalid ${what} stack R${base} off=${at} size=${size}`);
      return;
    }
    case 'packet':
      checkPacket(state, base, value, { offset, size }, complain);
      checkPacketWrite(scope, base, instruction, complain);
      return;
    case 'map':
      if (instruction.kind === 'load') return;
      complain(`R${base} is a map, which a program does not write to`);
      return;
    case 'mapValue':
    case 'record': {
      if (value.kind === 'mapValue') checkRights(value.map, instruction.kind, complain);
      const all = value.kind === 'record' ? value.size : value.map.valueSize;
      const at = value.offset === undefined ? undefined : value.offset + offset;
      const most = value.kind === 'mapValue' ? (value.most ?? 0) : 0;
      if (instruction.kind === 'atomic' && at !== undefined && most === 0 && at % size !== 0) {
        complain(`misaligned value access off ${at} size ${size}`);
      }
      if (at === undefined || all === undefined || (at >= 0 && at + most + size <= all)) return;
      const what = value.kind === 'record' ? 'memory, mem_size' : 'map value, value_size';
      complain(`invalid access to ${what}=${all} off=${at + most} size=${size}`);
    }
  }
}

function checkRights({ name, flags }: MapShape, kind: Access['kind'], complain: Complain): void {
  if ((flags & READ_ONLY) !== 0 && kind !== 'load') {
    complain(`write into map forbidden: ${name} is read-only to programs`);
  }
  if ((flags & WRITE_ONLY) !== 0 && kind !== 'store') {
    complain(`read from map forbidden: ${name} is write-only to programs`);
  }
}

function checkPacketWrite(scope: Scope, base: number, { kind }: Access, complain: Complain): void {
  if (kind === 'atomic') complain(`BPF_ATOMIC stores into R${base} pkt is not allowed`);
  const { programType } = scope.object;
  if (kind === 'store' && readOnlyPackets.has(programType)) complain('cannot write into packet');
}

function checkPacket(
  state: State,
  base: number,
  { id, offset }: Value & { kind: 'packet' },
  access: { readonly offset: number; readonly size: number },
  complain: Complain,
): void {
  const at = offset + access.offset;
  const range = state.ranges.get(id) ?? 0;
  const isBefore = id === -1 && at < 0;
  if (!isBefore && at + access.size <= range) return;
  const advice = `compare it with the packet's end first`;
  complain(
    `invalid access to packet, off=${at} size=${access.size}, R${base}(r=${range}) (${advice})`,
  );
}

const memory = ['stack', 'mapValue', 'packet', 'record'] as const;
const expected: Readonly<Record<ArgumentRule, readonly Value['kind'][]>> = {
  any: [],
  context: ['context'],
  map: ['map'],
  record: ['record'],
  socket: ['socket'],
  function: [],
  key: memory,
  value: memory,
  memory,
  output: memory,
  memoryOrNull: [...memory, 'scalar'],
  size: ['scalar'],
  sizeOrZero: ['scalar'],
};

/** An argument of a helper, in the register of its number. */
export function checkArgument(
  rule: ArgumentRule,
  index: number,
  state: State,
  complain: Complain,
): void {
  const { registers } = state;
  const value = registers[index]!;
  if (value.kind === 'unread') return complain(`R${index} !read_ok`);
  if (rule === 'any' || value.kind === 'unknown') return;
  const isNull = 'mayBeNull' in value && value.mayBeNull;
  if (isNull || !expected[rule].includes(value.kind)) {
    const want = rule === 'function' ? 'func' : expected[rule].map(nameOf).join(', ');
    complain(`R${index} type=${kernelName(value)} expected=${want}`);
    return;
  }
  if (rule === 'record' && value.kind === 'record' && (value.offset ?? 0) !== 0) {
    complain(`R${index} must have zero offset when passed to release func (off=${value.offset})`);
  }
  const [, map] = registers;
  if ((rule === 'key' || rule === 'value') && map?.kind === 'map') {
    const size = rule === 'key' ? map.map.keySize : map.map.valueSize;
    checkBytes(state, index, value, size, complain);
  }
  if (rule === 'size' || rule === 'sizeOrZero') checkSize(rule, index, state, complain);
}

/** The bytes that a helper reads or writes behind the pointer in a register. */
function checkBytes(
  state: State,
  index: number,
  value: Value,
  size: number,
  complain: Complain,
): void {
  if (value.kind === 'stack' && value.offset !== undefined && value.offset + size > 0) {
    complain(`invalid read from stack R${index} off=${value.offset} size=${size}`);
  }
  if (value.kind === 'packet') checkPacket(state, index, value, { offset: 0, size }, complain);
  if (value.kind !== 'mapValue' || value.offset === undefined) return;
  const { offset, map } = value;
  if (offset >= 0 && offset + size <= map.valueSize) return;
  complain(`invalid access to map value, value_size=${map.valueSize} off=${offset} size=${size}`);
}

/** A number of bytes, and the memory in the register before it. */
function checkSize(
  rule: 'size' | 'sizeOrZero',
  index: number,
  state: State,
  complain: Complain,
): void {
  const size = state.registers[index]!;
  if (size.kind !== 'scalar') return;
  const [value, most] = [size.value && BigInt.asIntN(64, size.value), size.most];
  const isZero = size.value === 0n || most !== undefined;
  if (value !== undefined && value < 0n) {
    complain(`R${index} min value is negative (${value})`);
  } else if (isZero && rule === 'size') {
    complain(`R${index} invalid zero-sized read: it may be 0 (compare it first)`);
  } else if (value) {
    checkBytes(state, index - 1, state.registers[index - 1]!, Number(value), complain);
  }
}

function nameOf(kind: Value['kind']): string {
  const made = { kind, id: 0, mayBeNull: false } as Value;
  return kernelName(made);
}
