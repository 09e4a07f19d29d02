import { u32, u64, XdpAction, type XdpContext } from '@skep/ebpf';
import { Word } from './headers.ts';

export function compound(ctx: XdpContext): XdpAction {
  const word = ctx.at(Word, 0);
  if (!word) return 0;
  let a: u32 = word.value;
  a += 3;
  a -= 1;
  a *= 5;
  a /= 2;
  a %= 1000;
  a <<= 3;
  a >>>= 1;
  a &= 0xfff;
  a |= 0x10;
  a ^= 0x3;
  word.value = a;
  word.value += 1;
  word.value++;
  --word.value;
  return a++ + ++a;
}
/** Without annotation a literal starts a variable of 64 bits. */
export function inferred(ctx: XdpContext): XdpAction {
  let total = 0;
  for (let i = 0; i < 40; i++) total += u64(ctx.length) << 20;
  return total > 0xffff_ffff ? 1 : 2;
}
