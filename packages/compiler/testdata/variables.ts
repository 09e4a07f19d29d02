import { array, atomic, bool, bytes, constantTable, startsWith, Struct, text, trace, u16, u32, u64, u8, variables, XdpAction, type XdpContext } from '@skep/ebpf';
import { Word } from './headers.ts';

export class Line extends Struct({ start: bytes(10) }) {}
/** Shared by all programs and node; no lookup. */
export const state = variables({
  name: 'state',
  fields: { isOpen: bool, packets: atomic(u64), last: u32, recent: array(u32, 4) },
  initial: { isOpen: true, last: 40 },
});
export const SQUARES = constantTable('squares', u32, Array.from({ length: 100 }, (_, n) => n * n));
export const PREFIXES = constantTable('prefixes', u16, [7, 300]);
export const GET = text('GET /');

export function count(ctx: XdpContext): XdpAction {
  if (!state.isOpen) return XdpAction.Drop;
  state.packets += 1;
  state.recent[state.last & 3] = ctx.length;
  state.last += 2;
  return state.last * 1000 + state.recent[0];
}
export function square(ctx: XdpContext): XdpAction {
  const word = ctx.at(Word, 0);
  if (!word) return XdpAction.Drop;
  const index = word.value;
  return index < SQUARES.length ? SQUARES[index]! + PREFIXES[1]! : XdpAction.Drop;
}
export function request(ctx: XdpContext): XdpAction {
  const line = ctx.at(Line, 0);
  if (!line) return XdpAction.Drop;
  let kind: u32 = 40;
  if (startsWith(line.start, GET)) kind = 10;
  if (startsWith(line.start, text('POST /')) || startsWith(line.start, text('PUT'))) kind = 20;
  if (startsWith(line.start, text('longer than the field'))) kind = 30;
  return kind;
}
export function traced(ctx: XdpContext): XdpAction {
  trace('a packet of %u bytes, the first %x', ctx.length, ctx.at(Word, 0)?.value ?? 0);
  return XdpAction.Pass;
}
