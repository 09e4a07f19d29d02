/**
 * Loops that the kernel turns: the helper `bpf_loop`, and the number iterator.
 *
 * @source kernel/bpf/bpf_iter.c
 */
import { type Cpu, LOOPS_MAX } from '../cpu.ts';
import { Errno } from '../errno.ts';
import { StepFault } from '../fault.ts';
import { Region } from '../memory.ts';
import type { MachineHelper } from './helper.ts';

const ITERATOR_BYTES = 8;

/** The address of a subprogram: it can be given to helpers, and holds no readable bytes. */
export class CodeRegion extends Region {
  constructor(readonly slot: number) {
    super('code', `subprogram at ${slot}`, new Uint8Array(0));
  }
}

/** r1 turns, r2 subprogram, r3 what it is given, r4 flags: the turns that there were. */
function loop(cpu: Cpu): number {
  const turns = cpu.bits(1);
  const code = cpu.regionOf(2);
  if (!(code instanceof CodeRegion)) throw new StepFault('r2 holds no subprogram, expected one');
  if ((cpu.bits(4) & 0xffff_ffffn) !== 0n) return -Errno.EINVAL;
  if ((turns & 0xffff_ffffn) > BigInt(LOOPS_MAX)) return -Errno.E2BIG;
  const [low, high] = [cpu.low[3]!, cpu.high[3]!];
  const last = Number(turns & 0xffff_ffffn);
  for (let turn = 0; turn < last; turn++) {
    cpu.setNumber(1, turn);
    cpu.low[2] = low;
    cpu.high[2] = high;
    cpu.callBack(code.slot);
    if (cpu.bits(0) !== 0n) return turn + 1;
  }
  return last;
}

/** The iterator's two words: what it gave last, and where it ends. */
function words(cpu: Cpu): DataView {
  const bytes = cpu.bytes(1, ITERATOR_BYTES, true);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function startNumbers(cpu: Cpu): void {
  const iterator = words(cpu);
  const [start, end] = [cpu.s32(2), cpu.s32(3)];
  const isTooFar = end - start > LOOPS_MAX;
  const isRefused = start > end || isTooFar;
  iterator.setInt32(0, isRefused ? 0 : start - 1, true);
  iterator.setInt32(4, isRefused ? 0 : end, true);
  cpu.setNumber(0, isRefused ? -(isTooFar ? Errno.E2BIG : Errno.EINVAL) : 0);
}

/** The address of the next number, which lies in the iterator itself; null at the end. */
function nextNumber(cpu: Cpu): void {
  const iterator = words(cpu);
  const next = iterator.getInt32(0, true) + 1;
  const isAtEnd = next >= iterator.getInt32(4, true);
  iterator.setInt32(0, isAtEnd ? 0 : next, true);
  if (isAtEnd) {
    iterator.setInt32(4, 0, true);
    cpu.setNumber(0, 0);
  } else {
    cpu.low[0] = cpu.low[1]!;
    cpu.high[0] = cpu.high[1]!;
  }
}

/** By number. */
export const loopHelpers: readonly (readonly [number, MachineHelper])[] = [
  [181, { kinds: ['xdp', 'tc'], run: (cpu) => cpu.setNumber(0, loop(cpu)) }],
];

/** The kernel's functions that the machine has, by name. */
export const machineKernelFunctions: ReadonlyMap<string, (cpu: Cpu) => void> = new Map([
  ['bpf_iter_num_new', startNumbers],
  ['bpf_iter_num_next', nextNumber],
  ['bpf_iter_num_destroy', (cpu) => cpu.setNumber(0, 0)],
  // A run of the machine is alone: nothing is freed under it.
  ['bpf_rcu_read_lock', (cpu) => cpu.setNumber(0, 0)],
  ['bpf_rcu_read_unlock', (cpu) => cpu.setNumber(0, 0)],
]);
