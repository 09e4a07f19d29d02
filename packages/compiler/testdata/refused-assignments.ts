import { type u32, XdpAction, type XdpContext } from '@skep/ebpf';
import { Pair, Word } from './headers.ts';

export const LIMITS = { packets: 3 };

export function assignments(ctx: XdpContext): XdpAction {
  const constant: u32 = 1;
  (constant as u32) = 2;
  LIMITS.packets = 4;
  let group = { a: ctx.length };
  group = { a: 3 };
  sizeOf() = 3;
  const absent: Word | null = null;
  return absent!.value;
}
export function declared(ctx: XdpContext): XdpAction {
  let unknown;
  let text: string = 'a';
  unknown = 3;
  text = 'b';
  return XdpAction.Pass;
}
function sizeOf(): u32 {
  return 1;
}
