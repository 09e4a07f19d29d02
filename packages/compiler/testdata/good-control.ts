import { ArrayMap, constantTable, HashMap, monotonicNanoseconds, SpinLock, startTimer, Struct, Timer, trace, u32, u64, XdpAction, type XdpContext, withLock } from '@skep/ebpf';
import { Word } from './headers.ts';

// --- SKEP4001
export function factorial(ctx: XdpContext): XdpAction {
  let product: u32 = 1;
  for (let i = 2; i <= 12; i++) if (i <= ctx.length) product *= i;
  return product;
}
// --- SKEP4003
export enum Kind { One = 1, Two = 2 }

function numberOf(kind: Kind): u32 {
  switch (kind) {
    case Kind.One:
      return 10;
    default:
      return 20;
  }
}
export function numbered(ctx: XdpContext): XdpAction {
  return numberOf(ctx.length === 60 ? Kind.One : Kind.Two);
}
// --- SKEP4004 SKEP4005
function larger(left: u32, right: u32): u32 {
  return Math.max(left, right);
}
export function called(ctx: XdpContext): XdpAction {
  return larger(ctx.length, 60);
}
// --- SKEP4006 SKEP4007 SKEP4008 SKEP4016
export class Sum extends Struct({ a: u32, b: u32, total: u32 }) {}

/** @subprogram */
function add(sum: Sum): void {
  sum.total = sum.a + sum.b;
}
export function added(ctx: XdpContext): XdpAction {
  const sum = new Sum({ a: ctx.length, b: 2 });
  add(sum);
  return sum.total;
}
// --- SKEP4009
export const LONG = constantTable('long', u32, Array.from({ length: 100 }, (_, n) => n * 7));

export function looked(ctx: XdpContext): XdpAction {
  for (let i = 0; i < 100; i++) if (LONG[i] === ctx.length) return XdpAction.Drop;
  return XdpAction.Pass;
}
// --- SKEP4010
function firstAbove(limit: u32): u32 {
  if (limit > 3) return limit;
  return 3;
}
export function above(ctx: XdpContext): XdpAction {
  return firstAbove(ctx.length);
}
// --- SKEP4012 SKEP4019
export function searched(ctx: XdpContext): XdpAction {
  let n: u32 = ctx.length;
  while (true) {
    n++;
    if (n % 97 === 0) return XdpAction.Pass;
  }
  return XdpAction.Drop;
}
// --- SKEP4013
export function traced(ctx: XdpContext): XdpAction {
  trace('%d bytes at %llu', ctx.length, monotonicNanoseconds());
  return XdpAction.Pass;
}
// --- SKEP4014 SKEP4015
export class Bucket extends Struct({ lock: SpinLock, tokens: u32, filled: u64 }) {}
export const buckets = new ArrayMap({ name: 'buckets', value: Bucket, maxEntries: 1 });

export function limited(ctx: XdpContext): XdpAction {
  const bucket = buckets.lookup(0);
  if (!bucket) return XdpAction.Drop;
  const now = monotonicNanoseconds();
  const isEmpty = withLock(bucket, () => {
    if (now - bucket.filled > 1_000_000) bucket.tokens = 10;
    if (bucket.tokens === 0) return true;
    bucket.tokens -= 1;
    bucket.filled = now;
    return false;
  });
  return isEmpty ? XdpAction.Drop : XdpAction.Pass;
}
// --- SKEP4017
export class Flow extends Struct({ timer: Timer, packets: u32 }) {}
export const flows = new HashMap({ name: 'flows', key: u32, value: Flow, maxEntries: 16 });

function expire(_flow: Flow, key: { value: u32 }): void {
  flows.delete(key.value);
}
export function expiring(ctx: XdpContext): XdpAction {
  flows.update(ctx.length, new Flow({ packets: 1 }));
  const flow = flows.lookup(ctx.length);
  if (flow) startTimer(flows, flow, 1_000_000_000, expire);
  return XdpAction.Pass;
}
// --- SKEP4018
export function million(ctx: XdpContext): XdpAction {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < 1_000_000; i++) sum += ctx.length & 1;
  return sum;
}
// --- SKEP4020
export function graded(ctx: XdpContext): XdpAction {
  let verdict: u32;
  if (ctx.length > 5) verdict = XdpAction.Pass;
  else verdict = XdpAction.Drop;
  return verdict;
}
