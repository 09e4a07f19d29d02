import { type u32, XdpAction, type XdpContext } from '@skep/ebpf';

/** On one path only; what is wrong elsewhere is told too. */
export function sometimes(ctx: XdpContext): XdpAction {
  let verdict: u32;
  if (ctx.length > 5) verdict = 1;
  const half = ctx.length * 0.5;
  return verdict;
}
/** TypeScript takes the author's word for it. */
export function asserted(ctx: XdpContext): XdpAction {
  let last!: u32;
  let sum: u32 = 0;
  for (let i: u32 = 0; i < ctx.length; i++) {
    sum += last;
    last = i;
  }
  return sum;
}
/** Told once. */
export function silent(ctx: XdpContext): XdpAction {
  if (ctx.length > 5) return XdpAction.Drop;
}
export function another(ctx: XdpContext): XdpAction {
  return ctx.length * 0.5;
}
