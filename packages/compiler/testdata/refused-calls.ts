import { ArrayMap, ProgramArray, u32, XdpAction, type XdpContext } from '@skep/ebpf';
import { Word } from './headers.ts';

export const slots = new ArrayMap({ name: 'slots', value: u32, maxEntries: 1 });
export const stages = new ProgramArray({ name: 'stages', maxEntries: 1 });

/** @compileTime */
export function halfOf(value: number): number {
  if (value % 2 !== 0) throw new Error(`${value} is odd`);
  return value / 2;
}
function sum(a: u32, b: u32): u32 {
  return a + b;
}
export function calls(ctx: XdpContext): XdpAction {
  const fields = [1, 2] as const;
  const spread = sum(...fields);
  const odd = halfOf(3);
  const fewer = (sum as (a: u32) => u32)(1);
  const noOffset = (ctx.at as (header: typeof Word) => Word | null)(Word);
  const parsed = parseInt('12');
  const called = (ctx.length as unknown as () => u32)();
  return XdpAction.Pass;
}
export function methods(ctx: XdpContext): XdpAction {
  slots.delete(0);
  (stages as unknown as typeof slots).lookup(0);
  return XdpAction.Pass;
}
