import { u32, XdpAction, type XdpContext } from '@skep/ebpf';
import { Word } from './headers.ts';

/** Down to zero, which nothing unsigned is below: unrolled, walked, and counted by the kernel. */
export function downward(ctx: XdpContext): XdpAction {
  let sum: u32 = 0;
  for (let i = 10; i >= 0; i--) sum += i;
  for (let i = 20; i >= 0; i--) sum += i;
  for (let i = 70; i >= 0; i--) sum += i;
  return sum + ctx.length;
}
/** Past zero, in steps of three. */
export function past(ctx: XdpContext): XdpAction {
  let sum: u32 = 0;
  for (let i = 20; i > 0; i -= 3) sum += i;
  for (let i = 100; i > 0; i -= 3) sum += i;
  for (let i: u32 = 400; i > 0; i -= 3) sum += i;
  return sum + ctx.length;
}
/** A counter wraps as it is declared, however often the loop turns. */
export function wraps(ctx: XdpContext): XdpAction {
  let count: u32 = 0;
  for (let i: u32 = 0; i < 4; i++) if (i - 1 > 5) count++;
  for (let i: u32 = 0; i < 40; i++) if (i - 1 > 50) count++;
  for (let i: u32 = 0; i < 400; i++) if (i - 1 > 500) count++;
  return count * 1000 + ctx.length;
}
/** What the condition compares with is declared beside the counter. */
export function together(ctx: XdpContext): XdpAction {
  const word = ctx.at(Word, 0);
  if (!word) return XdpAction.Drop;
  let sum: u32 = 0;
  for (let i: u32 = 0, end = word.value; i < end; i++) sum += i;
  return sum;
}
