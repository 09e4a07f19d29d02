import { HashMap, kernelFunction, SpinLock, Struct, u32, u64, XdpAction, type XdpContext, withLock } from '@skep/ebpf';
import { Word } from './headers.ts';

export class Bucket extends Struct({ tokens: u32, lock: SpinLock, bytes: u64 }) {}
export const buckets = new HashMap({ name: 'buckets', key: u32, value: Bucket, maxEntries: 4 });
export const readLock = kernelFunction<() => void>('bpf_rcu_read_lock', null);
export const readUnlock = kernelFunction<() => void>('bpf_rcu_read_unlock', null);

/** Taken and released on every path; the body sees what is around it, and may return early. */
export function take(ctx: XdpContext): XdpAction {
  buckets.update(0, new Bucket({ tokens: 3 }));
  const bucket = buckets.lookup(0);
  const word = ctx.at(Word, 0);
  if (!bucket || !word) return XdpAction.Drop;
  let taken: u32 = 0;
  const left = withLock(bucket, (): u32 => {
    if (bucket.tokens < word.value) return 100;
    bucket.tokens -= word.value;
    taken = word.value;
    return bucket.tokens;
  });
  withLock(bucket, () => {
    bucket.bytes += ctx.length;
  });
  return taken * 1000 + left + (bucket.bytes as u32);
}
/** Functions of the kernel by their names. */
export function read(ctx: XdpContext): XdpAction {
  readLock();
  const word = ctx.at(Word, 0);
  readUnlock();
  return word ? XdpAction.Pass : XdpAction.Drop;
}
