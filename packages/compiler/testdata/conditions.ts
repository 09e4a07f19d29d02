import { XdpAction, type XdpContext } from '@skep/ebpf';
import { Ipv4Header, Word } from './headers.ts';

export function logic(ctx: XdpContext): XdpAction {
  const ip = ctx.at(Ipv4Header, 14);
  if (!ip || ip.protocol === 1 || (ip.timeToLive < 2 && ip.protocol !== 6)) return XdpAction.Drop;
  const isSmall = ip.totalLength <= 64 && !(ip.fragment & 0x2000);
  const odd = isSmall || ip.checksum % 2 === 1;
  if (odd === isSmall) return XdpAction.Pass;
  return odd ? XdpAction.Transmit : XdpAction.Redirect;
}
export function nullable(ctx: XdpContext): XdpAction {
  const first = ctx.at(Word, 0);
  const second = first && ctx.at(Word, 4);
  const either = ctx.at(Word, 60) ?? second;
  if (either === null) return XdpAction.Drop;
  const third = either.value > 5 ? either : null;
  return (third?.value ?? 7) + (first !== null ? 1 : 0);
}
