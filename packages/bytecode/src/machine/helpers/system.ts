/** Helpers on time, chance, CPU, routes and redirection. @source net/core/filter.c */
import type { Cpu, Redirect } from '../cpu.ts';
import { Errno } from '../errno.ts';
import { StepFault } from '../fault.ts';
import { forAll, forTc, type MachineHelper } from './helper.ts';

const XDP_ABORTED = 0;
const XDP_REDIRECT = 4;
const TC_DROP = 2;
const TC_REDIRECT = 7;
const INTO_INTERFACE = 1;
const FIB_LOOKUP_BYTES = 64;
const NEXT_HOP_BYTES = 20;

const clock: MachineHelper = {
  kinds: ['xdp', 'tc'],
  run: (cpu) => cpu.setBits(0, cpu.host.clock()),
};

const socketCookie: MachineHelper = {
  kinds: ['tc'],
  run: (cpu) => cpu.setBits(0, cpu.socketCookie),
};

function redirect(cpu: Cpu): number {
  const flags = cpu.low[2]!;
  const isXdp = cpu.context.kind === 'xdp';
  const known = isXdp ? 0 : INTO_INTERFACE;
  if ((flags & ~known) !== 0 || cpu.high[2] !== 0) return isXdp ? XDP_ABORTED : TC_DROP;
  cpu.redirect = { kind: 'redirect', ifindex: cpu.u32(1), flags: BigInt(flags) };
  return isXdp ? XDP_REDIRECT : TC_REDIRECT;
}

function redirectPeer(cpu: Cpu): number {
  if ((cpu.low[2]! | cpu.high[2]!) !== 0) return TC_DROP;
  cpu.redirect = { kind: 'peer', ifindex: cpu.u32(1), flags: 0n };
  return TC_REDIRECT;
}

function redirectNeighbour(cpu: Cpu): number {
  const size = cpu.u32(3);
  const flags = cpu.bits(4);
  if (flags !== 0n || (size > 0 && size < NEXT_HOP_BYTES)) return TC_DROP;
  const target: Redirect = { kind: 'neighbour', ifindex: cpu.u32(1), flags };
  cpu.redirect = size > 0 ? { ...target, nextHop: cpu.bytes(2, NEXT_HOP_BYTES).slice() } : target;
  return TC_REDIRECT;
}

function fibLookup(cpu: Cpu): number {
  const { fibLookup: answer } = cpu.host;
  const size = cpu.u32(3);
  if (size < FIB_LOOKUP_BYTES) return -Errno.EINVAL;
  if (!answer) throw new StepFault('this machine has no routes (give it fibLookup)');
  return answer(cpu.bytes(2, FIB_LOOKUP_BYTES, true), cpu.u32(4));
}

/** By number. */
export const systemHelpers: readonly (readonly [number, MachineHelper])[] = [
  [5, clock],
  [7, forAll((cpu) => cpu.host.random() >>> 0)],
  [8, forAll((cpu) => cpu.number)],
  [23, forAll(redirect)],
  [46, socketCookie],
  [69, forAll(fibLookup)],
  [118, forAll((cpu) => cpu.host.jiffies())],
  [160, clock],
  [125, clock],
  [152, forTc(redirectNeighbour)],
  [155, forTc(redirectPeer)],
];
