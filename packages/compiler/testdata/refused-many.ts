import { HashMap, Struct, u32, u8, XdpAction, type XdpContext } from '@skep/ebpf';
import { Word } from './headers.ts';

export class Key extends Struct({ port: u32, kind: u8 }) {}
export const words = new HashMap({ name: 'words', key: Key, value: Key, maxEntries: 4 });

function sum(a: u32, b: u32): u32 {
  return a + b;
}
/** Wherever an error stands, those beside, below and behind it are reported too. */
export function everywhere(ctx: XdpContext): XdpAction {
  if (ctx.length > 1.5) {
    const text = `${ctx.length}`;
  } else {
    throw new Error('no');
  }
  const both = sum(ctx.length ** 2, ctx.length * 2.5);
  const twice = (ctx.length ** 2) + typeof both;
  words.update({ port: ctx.length ** 2, kind: parseInt('1') }, { port: ctx.length * 0.5, kind: 1 });
  for (let i: u32 = 0; i < ctx.length ** 2; i++) {
    const word = ctx.at(Word, i);
    if (word!.value === Date.now()) return missing();
  }
  switch (ctx.length ** 2) {
    case 1:
      return ctx.length ** 3;
    default:
      return later();
  }
}
function later(): XdpAction {
  const { length } = [1, 2];
  return XdpAction.Pass;
}
/** Another program is looked at too. */
export function another(ctx: XdpContext): XdpAction {
  try {
  } finally {
  }
  return XdpAction.Pass;
}
