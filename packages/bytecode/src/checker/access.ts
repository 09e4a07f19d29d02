/** What may be said against an access to memory, or an argument of a helper. */
import type { Atomic, Load, Store } from '../asm/instruction.ts';
import type { ArgumentRule } from './helper-rules.ts';
import type { Complain, Scope } from './scope.ts';
import type { State } from './state.ts';
import { kernelName, type Value } from './value.ts';

const STACK_BYTES = 512;
const XDP = 6;
/** sizeof(struct xdp_md), sizeof(struct __sk_buff). */
const contextBytes: Readonly<Record<number, number>> = { 6: 24, 3: 192 };
/** Fields of `struct __sk_buff` that no TC program may write: up to protocol, VLAN, interfaces. */
const readOnlyOfTc: ReadonlySet<number> = new Set([0, 4, 16, 20, 24, 36, 40, 68, 76, 80]);

/** A load, store or atomic operation. */
export function checkAccess(
  scope: Scope,
  state: State,
  instruction: Load | Store | Atomic,
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
      if (at === undefined || (at >= -STACK_BYTES && at + size <= 0)) return;
      const what = instruction.kind === 'load' ? 'read from' : 'write to';
      complain(`invalid ${what} stack R${base} off=${at} size=${size}`);
      return;
    }
    case 'packet':
      checkPacket(state, base, value, { offset, size }, complain);
      return;
    case 'mapValue':
    case 'record': {
      const all = value.kind === 'record' ? value.size : value.map.valueSize;
      const at = value.offset === undefined ? undefined : value.offset + offset;
      const most = value.kind === 'mapValue' ? (value.most ?? 0) : 0;
      if (at === undefined || all === undefined || (at >= 0 && at + most + size <= all)) return;
      const what = value.kind === 'record' ? 'memory, mem_size' : 'map value, value_size';
      complain(`invalid access to ${what}=${all} off=${at + most} size=${size}`);
    }
  }
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

function checkContext(scope: Scope, instruction: Load | Store | Atomic, complain: Complain): void {
  const { size, offset, kind } = instruction;
  const type = scope.object.programType;
  const bytes = contextBytes[type];
  if (bytes === undefined) return;
  const isOutside = offset < 0 || offset + size > bytes;
  const isReadOnly = type === XDP || readOnlyOfTc.has(offset & ~3);
  if (isOutside || (kind !== 'load' && isReadOnly)) {
    const why = isOutside ? '' : ' (read-only)';
    complain(`invalid bpf_context access off=${offset} size=${size}${why}`);
  }
}

const expected: Readonly<Record<ArgumentRule, readonly Value['kind'][]>> = {
  any: [],
  context: ['context'],
  map: ['map'],
  record: ['record'],
  key: ['stack', 'mapValue', 'packet', 'record'],
  value: ['stack', 'mapValue', 'packet', 'record'],
  memory: ['stack', 'mapValue', 'packet', 'record'],
  output: ['stack', 'mapValue', 'packet', 'record'],
  memoryOrNull: ['stack', 'mapValue', 'packet', 'record', 'scalar'],
};

/** An argument of a helper, in the register of its number. */
export function checkArgument(
  rule: ArgumentRule,
  index: number,
  registers: readonly Value[],
  complain: Complain,
): void {
  const value = registers[index]!;
  if (value.kind === 'unread') return complain(`R${index} !read_ok`);
  if (rule === 'any' || value.kind === 'unknown') return;
  const isNull = 'mayBeNull' in value && value.mayBeNull;
  if (isNull || !expected[rule].includes(value.kind)) {
    complain(
      `R${index} type=${kernelName(value)} expected=${expected[rule].map(nameOf).join(', ')}`,
    );
    return;
  }
  const [, map] = registers;
  if ((rule !== 'key' && rule !== 'value') || map?.kind !== 'map') return;
  const size = rule === 'key' ? map.map.keySize : map.map.valueSize;
  if (value.kind === 'stack' && value.offset !== undefined && value.offset + size > 0) {
    complain(`invalid read from stack R${index} off=${value.offset} size=${size}`);
  }
}

function nameOf(kind: Value['kind']): string {
  const made = { kind, id: 0, mayBeNull: false } as Value;
  return kernelName(made);
}
