import { ArrayMap, monotonicNanoseconds, SpinLock, Struct, u32, XdpAction, type XdpContext, withLock } from '@skep/ebpf';
import { Word } from './headers.ts';

export class Bucket extends Struct({ lock: SpinLock, tokens: u32 }) {}
export const buckets = new ArrayMap({ name: 'buckets', value: Bucket, maxEntries: 4 });

/** @subprogram */
function outside(value: u32): u32 {
  return value + 1;
}
const body = (): void => {};
export function locks(ctx: XdpContext): XdpAction {
  const word = ctx.at(Word, 0);
  const bucket = buckets.lookup(0);
  if (!bucket || !word) return XdpAction.Drop;
  withLock(bucket, () => {
    const now = monotonicNanoseconds();
    buckets.lookup(1);
    outside(3);
    withLock(bucket, () => {});
    while (bucket.tokens !== 3) bucket.tokens++;
  });
  withLock(word, () => {});
  withLock(bucket, body);
  return XdpAction.Pass;
}
