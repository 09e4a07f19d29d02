import { be16, be32, be64, raw16, raw32, Struct, u32, u64, XdpAction, type XdpContext } from '@skep/ebpf';

export class Mixed extends Struct({ a: be16, b: be32, c: be64, d: u32 }, { packed: true }) {}

/** Swaps are cancelled where both sides are swapped, or where one is a constant. */
export function swaps(ctx: XdpContext): XdpAction {
  const one = ctx.at(Mixed, 0);
  const two = ctx.at(Mixed, 32);
  if (!one || !two) return XdpAction.Drop;
  two.b = one.b;
  two.d = raw32(one.b);
  if (one.a === 0x0800 || one.c === u64(0x0102030405060708n)) return XdpAction.Pass;
  two.a = raw16(one.a) + 1;
  return one.b & 0xff000000 ? XdpAction.Transmit : XdpAction.Drop;
}
