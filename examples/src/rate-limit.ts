/**
 * Shows: state for each sender, in the kernel: a bucket of tokens that fills with time.
 * You will see: of a burst, as many packets as the bucket holds; after a pause, some again.
 * Needs: root, Linux 5.9. The packets pass between two namespaces that end with the process.
 * Now change this line: `const burst = 10` to 20, or `perSecond` to 50.
 */
import { attachXdp, loadProgram, openMap } from '@skep/bpf';
import { be32, LruHashMap, monotonicNanoseconds, Struct, u64, XdpAction } from '@skep/ebpf';
import type { XdpContext } from '@skep/ebpf';
import { EtherType, EthernetHeader, Ipv4Header, makeFrame } from '@skep/wire';
import { makePair, toRight, wait } from './lib/pair.ts';
import { runExample } from './lib/run.ts';

const burst = 10;
const perSecond = 20;
/** What one packet costs: the time, in nanoseconds, in which one token comes. */
export const packetCost = 1_000_000_000 / perSecond;
/** No bucket holds more. */
export const bucketLimit = burst * packetCost;

/** What a sender has saved, in nanoseconds, and when that was so. */
export class Bucket extends Struct({ saved: u64, at: u64 }) {}
const maxEntries = 1024;
/** Source address -> its bucket. */
export const buckets = new LruHashMap({ name: 'buckets', key: be32, value: Bucket, maxEntries });

/** Lets a packet pass if its sender's bucket can pay for it. */
export function limitRate(ctx: XdpContext): XdpAction {
  const ethernet = ctx.at(EthernetHeader, 0);
  if (!ethernet || ethernet.type !== EtherType.IPv4) return XdpAction.Pass;
  const ip = ctx.at(Ipv4Header, EthernetHeader.size);
  if (!ip) return XdpAction.Pass;
  const now = monotonicNanoseconds();
  const source = ip.source;
  const bucket = buckets.lookup(source);
  if (!bucket) {
    buckets.update(source, { saved: bucketLimit - packetCost, at: now });
    return XdpAction.Pass;
  }
  const filled = u64(bucket.saved + (now - bucket.at));
  const saved = filled > bucketLimit ? u64(bucketLimit) : filled;
  bucket.at = now;
  bucket.saved = saved < packetCost ? saved : u64(saved - packetCost);
  return saved < packetCost ? XdpAction.Drop : XdpAction.Pass;
}

runExample(import.meta.url, async (programs) => {
  const { left, right } = makePair();
  const program = loadProgram(programs('limitRate'), { maps: { buckets: openMap(buckets).map } });
  right.inside(() => attachXdp({ program, ifindex: right.ifindex }));
  const frame = makeFrame({ ...toRight, udp: { sourcePort: 4000, destinationPort: 53 } });
  for (const name of ['at once', 'after a quarter of a second']) {
    for (let count = 0; count < 50; count++) left.send(frame);
    console.log(`50 packets ${name}: ${(await right.received()).length} arrive`);
    await wait(200);
  }
});
