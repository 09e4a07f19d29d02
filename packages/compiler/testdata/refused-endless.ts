import { type u32, XdpAction, type XdpContext } from '@skep/ebpf';

export const isForever = true;

export function nothingEnds(ctx: XdpContext): XdpAction {
  let n: u32 = ctx.length;
  while (true) n += 1;
  return XdpAction.Pass;
}
export function counts(ctx: XdpContext): XdpAction {
  let sum: u32 = 0;
  for (let i: u32 = 0; ; i++) sum += ctx.length;
  return XdpAction.Pass;
}
export function known(ctx: XdpContext): XdpAction {
  let n: u32 = ctx.length;
  do {
    if (n === 7) continue;
    for (let i = 0; i < 3; i++) {
      if (n === 8) break;
      n++;
    }
    if (!isForever) break;
  } while (isForever);
  return XdpAction.Pass;
}
/** What would end it is refused, and that alone is said. */
export function refused(ctx: XdpContext): XdpAction {
  let n: u32 = ctx.length;
  while (true) {
    n++;
    if (n === 7) return parseInt('1');
  }
  return XdpAction.Pass;
}
/** A jump to a loop around it ends it. */
export function left(ctx: XdpContext): XdpAction {
  let n: u32 = ctx.length;
  outer: for (let i = 0; i < 3; i++) {
    while (true) {
      n += 3;
      if (n % 7 === 0) continue outer;
    }
  }
  return XdpAction.Pass;
}
