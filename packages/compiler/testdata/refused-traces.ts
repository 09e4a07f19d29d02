import { bytes, startsWith, Struct, text, trace, u8, XdpAction, type XdpContext } from '@skep/ebpf';
import { Word } from './headers.ts';

export class Line extends Struct({ start: bytes(10), kind: u8 }) {}

export function traces(ctx: XdpContext): XdpAction {
  trace('%d of %d', ctx.length);
  trace('nothing', ctx.length);
  trace(`length ${ctx.length}`);
  const line = ctx.at(Line, 0);
  if (!line) return XdpAction.Drop;
  startsWith([1, 2, 3], text('a'));
  startsWith(line.start, new Uint8Array(line.kind));
  return XdpAction.Pass;
}
