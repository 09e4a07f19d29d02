import { HashMap, u32, XdpAction, type XdpContext } from '@skep/ebpf';
import { Ipv4Header, Word } from './headers.ts';

export enum Kind { One = 1, Two = 2 }

function factorial(n: u32): u32 {
  return n === 0 ? 1 : n * factorial(n - 1);
}
function named(kind: Kind): u32 {
  switch (kind) {
    case Kind.One:
      return 1;
    case Kind.Two:
      return 2;
  }
}
/** @subprogram */
function many(a: u32, b: u32, c: u32, d: u32, e: u32, f: u32): u32 {
  return a + b + c + d + e + f;
}
/** @subprogram */
function view(ctx: XdpContext): Word | null {
  return ctx.at(Word, 0);
}
/** @subprogram */
function read(word: Word): u32 {
  return word.value;
}
function either(ctx: XdpContext): Word | Ipv4Header | null {
  return ctx.length > 60 ? ctx.at(Ipv4Header, 0) : ctx.at(Word, 0);
}
export function calls(ctx: XdpContext): XdpAction {
  const a = factorial(ctx.length);
  const b = named(ctx.length as Kind);
  const c = many(1, 2, 3, 4, 5, ctx.length);
  const d = view(ctx);
  const word = ctx.at(Word, 0);
  if (word) read(word);
  const e = either(ctx);
  const f = parseInt('12');
  return XdpAction.Pass;
}
