import { bool, loadTime, u16, u32, u64, XdpAction, type XdpContext } from '@skep/ebpf';
import { Word } from './headers.ts';

export const config = loadTime({ endpoint: u16, enforced: bool, limit: u64, mark: u32 });

export function bound(ctx: XdpContext): XdpAction {
  if (!config.enforced) return XdpAction.Pass;
  const word = ctx.at(Word, 0);
  if (!word) return XdpAction.Drop;
  word.value = config.mark;
  return ctx.length > config.limit ? config.endpoint : XdpAction.Pass;
}
