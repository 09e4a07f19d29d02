import { HashMap, u32, UpdateFlag, XdpAction, type XdpContext } from '@skep/ebpf';

export const seen = new HashMap({ name: 'seen', key: u32, value: u32, maxEntries: 4 });

export function misspelt(ctx: XdpContext): XdpAction {
  if (ctx.length > 60) return XdpActoin.Drop;
  seen.update(1, ctx.length, UpdateFlag.MustExist);
  return XdpAction.Pas;
}
/** What was refused is not told of again where it is used. */
export function taken(ctx: XdpContext): XdpAction {
  const { length } = ctx;
  const [first, { second }] = [1, { second: 2 }];
  return length + first + second;
}
