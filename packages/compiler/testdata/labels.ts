import { type u32, XdpAction, type XdpContext } from '@skep/ebpf';
import { Word } from './headers.ts';

/** A block is left by its label, from within a loop or a switch, and by nothing else. */
export function leaves(ctx: XdpContext): XdpAction {
  const word = ctx.at(Word, 0);
  if (!word) return XdpAction.Drop;
  let found: u32 = 0;
  search: {
    if (word.value === 7) break search;
    for (let i: u32 = 0; i < word.value; i++) {
      if (i * i === word.value) {
        found = i;
        break search;
      }
      plain: {
        if (i < 100) break plain;
        break;
      }
    }
    found += 1000;
  }
  return found;
}
