import { constantTable, startsWith, Struct, bytes, text, u32, XdpAction, type XdpContext } from '@skep/ebpf';
import { Ports, Word } from './headers.ts';

// --- SKEP1001 SKEP1002
export enum Verdict { Fine = 0, TooShort = 1 }

function check(ctx: XdpContext): Verdict {
  return ctx.at(Word, 60) ? Verdict.Fine : Verdict.TooShort;
}
export function checked(ctx: XdpContext): XdpAction {
  return check(ctx) === Verdict.Fine ? XdpAction.Pass : XdpAction.Drop;
}
// --- SKEP1003
function twice(value: u32): u32 {
  return value * 2;
}
export function doubled(ctx: XdpContext): XdpAction {
  return twice(ctx.length);
}
// --- SKEP1004 SKEP1005
export function summed(ctx: XdpContext): XdpAction {
  let sum: u32 = 0;
  for (let i = 0; i < 8; i++) sum += ctx.at(Word, i * 4)?.value ?? 0;
  return sum;
}
// --- SKEP1006
export function named(ctx: XdpContext): XdpAction {
  const ports = ctx.at(Ports, 34);
  if (!ports) return XdpAction.Pass;
  const source = ports.source;
  const destination = ports.destination;
  return source === destination ? XdpAction.Drop : XdpAction.Pass;
}
// --- SKEP1007
export class Line extends Struct({ start: bytes(8) }) {}

export function isGet(ctx: XdpContext): XdpAction {
  const line = ctx.at(Line, 54);
  return line && startsWith(line.start, text('GET ')) ? XdpAction.Pass : XdpAction.Drop;
}
// --- SKEP1008
export function passed(ctx: XdpContext): XdpAction {
  const word = new Word({ value: ctx.length });
  return new Word({ value: word.value }).value;
}
// --- SKEP1009
export function fallback(ctx: XdpContext): XdpAction {
  return ctx.at(Word, 0)?.value ?? XdpAction.Drop;
}
// --- SKEP1010
export const PORTS = [22, 80, 443];

export function listed(ctx: XdpContext): XdpAction {
  const ports = ctx.at(Ports, 34);
  if (!ports) return XdpAction.Drop;
  for (const port of PORTS) if (ports.destination === port) return XdpAction.Pass;
  return XdpAction.Drop;
}
// --- SKEP1011
export class Pair extends Struct({ first: u32, second: u32 }) {}

export function paired(ctx: XdpContext): XdpAction {
  const pair = new Pair({ first: 1, second: ctx.length });
  return pair.first + pair.second;
}
// --- SKEP1012
export function labelled(ctx: XdpContext): XdpAction {
  outer: for (let i = 0; i < 4; i++) {
    for (let j = 0; j < 4; j++) if (i * j === ctx.length) continue outer;
  }
  return XdpAction.Pass;
}
// --- SKEP1013 SKEP1014 SKEP1015
export const CUBES = constantTable('cubes', u32, [0, 1, 8, 27]);

export function power(ctx: XdpContext): XdpAction {
  const squared: u32 = ctx.length * ctx.length;
  return squared + CUBES[ctx.length & 3]!;
}
