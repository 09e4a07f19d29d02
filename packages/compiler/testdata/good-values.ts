import { be16, Struct, s64, u16, u32, u64, XdpAction, type XdpContext } from '@skep/ebpf';
import { Ports, Word } from './headers.ts';

// --- SKEP2001
export function scaled(ctx: XdpContext): XdpAction {
  return (ctx.length * 1500) / 1000;
}
// --- SKEP2002
export class Wide extends Struct({ value: u64 }) {}

export function wide(ctx: XdpContext): XdpAction {
  const big = new Wide({ value: 0x1_0000_0000 });
  return big.value > ctx.length ? XdpAction.Pass : XdpAction.Drop;
}
// --- SKEP2003
export enum Size { Small = 0, Big = 1 }

export function sized(ctx: XdpContext): XdpAction {
  const size = ctx.length > 1000 ? Size.Big : Size.Small;
  return size === Size.Big ? XdpAction.Drop : XdpAction.Pass;
}
// --- SKEP2004
export function field(ctx: XdpContext): XdpAction {
  const word = ctx.at(Word, 0);
  return word ? word.value + 1 : XdpAction.Drop;
}
// --- SKEP2005
export function shifted(ctx: XdpContext): XdpAction {
  const high = u64(ctx.length) << 32;
  return high > 5 ? XdpAction.Pass : XdpAction.Drop;
}
// --- SKEP2006
export function negative(ctx: XdpContext): XdpAction {
  return s64(ctx.length) - 100 < -1 ? XdpAction.Drop : XdpAction.Pass;
}
// --- SKEP2007
export function signs(ctx: XdpContext): XdpAction {
  const left = s64(ctx.length) - 100;
  return left / s64(u64(ctx.length)) === 0 ? XdpAction.Pass : XdpAction.Drop;
}
// --- SKEP2008
export function merged(ctx: XdpContext): XdpAction {
  const found: Word | null = ctx.length > 60 ? ctx.at(Word, 0) : null;
  return found ? found.value : XdpAction.Drop;
}
// --- SKEP2009
export class Seen extends Struct({ port: be16, count: u16 }) {}

export function declared(ctx: XdpContext): XdpAction {
  let port: u16 = 0;
  const ports = ctx.at(Ports, 34);
  if (ports) port = ports.destination;
  return new Seen({ port, count: 1 }).port;
}
// --- SKEP2010
export const HEADERS = { word: Word, ports: Ports };

export function known(ctx: XdpContext): XdpAction {
  return ctx.at(HEADERS.word, 14) ? XdpAction.Pass : XdpAction.Drop;
}
// --- SKEP2011
export function compared(ctx: XdpContext): XdpAction {
  const left = ctx.at(Word, 0);
  const right = ctx.at(Word, 4);
  if (!left || !right) return XdpAction.Drop;
  return left.value === right.value ? XdpAction.Pass : XdpAction.Drop;
}
// --- SKEP2012
/** @compileTime */
export function halfOf(value: number): number {
  return Math.floor(value / 2);
}
export function halved(ctx: XdpContext): XdpAction {
  return ctx.length > halfOf(129) ? XdpAction.Pass : XdpAction.Drop;
}
// --- SKEP2013
export function exact(ctx: XdpContext): XdpAction {
  const product: u64 = 3_000_000_001 * 3_000_000_001;
  return product > u64(0x20000000000001n) - ctx.length ? XdpAction.Pass : XdpAction.Drop;
}
