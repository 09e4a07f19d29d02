import { type u32, XdpAction, type XdpContext } from '@skep/ebpf';
import { Ipv4Header, Word } from './headers.ts';

export function exceptions(ctx: XdpContext): XdpAction {
  try {
    return XdpAction.Pass;
  } catch {
    throw new Error('x');
  }
}
export function thrown(ctx: XdpContext): XdpAction {
  throw new Error('x');
}
export function closures(ctx: XdpContext): XdpAction {
  const twice = (value: u32): u32 => value * 2;
  function inner(): u32 {
    return 1;
  }
  return [1, 2].map((each) => each + ctx.length)[0]!;
}
export function text(ctx: XdpContext): XdpAction {
  const label = `length ${ctx.length}`;
  const { length } = ctx;
  const [first] = [1, 2];
  class Local {}
  for (const key in ctx) return XdpAction.Drop;
  return XdpAction.Pass;
}
export function operators(ctx: XdpContext): XdpAction {
  const power = ctx.length ** 2;
  const word = ctx.at(Word, 0);
  const read = word?.value;
  const kind = typeof ctx.length;
  ctx.length > 3 ? missing() : 0;
  return XdpAction.Pass;
}
function* generated(): Generator<number> {
  yield 1;
}
async function later(): Promise<number> {
  return 1;
}
export function kinds(ctx: XdpContext): XdpAction {
  generated();
  later();
  return XdpAction.Pass;
}
export function casts(ctx: XdpContext): XdpAction {
  const ip = ctx.at(Ipv4Header, 14);
  return ip!.source === 3 && ip === ctx.at(Ipv4Header, 20) ? 1 : 2;
}
