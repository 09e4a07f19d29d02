import { ArrayMap, pullData, Struct, TcAction, type TcContext, u32, XdpAction, type XdpContext } from '@skep/ebpf';
import { Ipv4Header, Word } from './headers.ts';

export class Sum extends Struct({ low: u32, high: u32 }) {}
export const words = new ArrayMap({ name: 'words', value: Word, maxEntries: 4 });

/** One copy for each kind of memory. @subprogram */
function twice(word: Word): u32 {
  return word.value * 2;
}
/** Fills what its caller gives it. @subprogram */
function addTo(sum: Sum, word: Word | null, amount: u32): void {
  if (!word) return;
  sum.low += word.value;
  sum.high += amount;
}
export function everywhere(ctx: XdpContext): XdpAction {
  const inPacket = ctx.at(Word, 0);
  const inMap = words.lookup(0);
  if (!inPacket || !inMap) return XdpAction.Drop;
  const onStack = new Word({ value: 5 });
  return twice(inPacket) + twice(inMap) + twice(onStack) + twice(onStack);
}
export function filled(ctx: XdpContext): XdpAction {
  const sum = new Sum({ low: 1 });
  addTo(sum, ctx.at(Word, 0), ctx.length);
  addTo(sum, ctx.at(Word, 60), 1000);
  addTo(sum, ctx.at(Word, 61), 1000);
  return sum.low * 10000 + sum.high;
}
/** @subprogram */
function protocolOf(ip: Ipv4Header): u32 {
  return ip.protocol;
}
export function pulled(ctx: TcContext): TcAction {
  pullData(ctx, 60);
  const ip = ctx.at(Ipv4Header, 14);
  return ip ? protocolOf(ip) : TcAction.Drop;
}
