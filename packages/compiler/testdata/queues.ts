import { BloomFilter, PushFlag, Queue, Stack, Struct, u32, XdpAction, type XdpContext } from '@skep/ebpf';

export class Job extends Struct({ kind: u32, length: u32 }) {}
export const jobs = new Queue({ name: 'jobs', value: Job, maxEntries: 4 });
export const recent = new Stack({ name: 'recent', value: u32, maxEntries: 4 });
export const seen = new BloomFilter({ name: 'seen', value: u32, maxEntries: 100 });

/** What goes in first comes out first. */
export function queued(ctx: XdpContext): XdpAction {
  if (jobs.push({ kind: 1, length: ctx.length }) < 0) return XdpAction.Aborted;
  jobs.push({ kind: 2, length: 7 }, PushFlag.Replace);
  const next = jobs.peek();
  const job = jobs.pop();
  if (!next || !job) return XdpAction.Drop;
  const other = jobs.pop();
  if (!other || jobs.pop()) return XdpAction.Drop;
  return next.length + job.length + job.kind * 1000 + other.length * 10000;
}
/** What goes in last comes out first. */
export function stacked(ctx: XdpContext): XdpAction {
  recent.push(ctx.length);
  recent.push(5);
  const last = recent.pop();
  if (!last) return XdpAction.Drop;
  last.value += 1;
  return last.value;
}
export function filtered(ctx: XdpContext): XdpAction {
  if (seen.has(ctx.length)) return XdpAction.Drop;
  seen.add(ctx.length);
  return seen.has(ctx.length) ? XdpAction.Transmit : XdpAction.Aborted;
}
