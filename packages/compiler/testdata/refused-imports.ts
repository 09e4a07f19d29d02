import { adjustNothing, XdpAction, type XdpContext } from '@skep/ebpf';
import { LIMIT } from './nowhere.ts';
import { readFileSync } from 'node:fs';

/** tsc says it where it is written: nothing is said again where it is used. */
export function imported(ctx: XdpContext): XdpAction {
  adjustNothing(ctx, 4);
  return ctx.length > LIMIT ? XdpAction.Drop : XdpAction.Pass;
}
readFileSync('/dev/null');
console.log(process.pid, import.meta.url);
