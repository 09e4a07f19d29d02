import { pullData, TcAction, type TcContext, type u32 } from '@skep/ebpf';
import { Word } from './headers.ts';

/** The struct that it is given is in the packet, and the packet moves. @subprogram */
function pull(ctx: TcContext, word: Word): u32 {
  const before = word.value;
  pullData(ctx, 100);
  return before + word.value;
}
/** @subprogram */
function group(given: { a: u32 }): u32 {
  return given.a;
}
export function stale(ctx: TcContext): TcAction {
  const word = ctx.at(Word, 0);
  if (!word) return TcAction.Drop;
  return pull(ctx, word) + pull(ctx, word);
}
export function grouped(ctx: TcContext): TcAction {
  return group({ a: ctx.length });
}
/** @global */
function view(word: Word): u32 {
  return word.value;
}
export function global(ctx: TcContext): TcAction {
  return view(new Word({ value: 1 }));
}
