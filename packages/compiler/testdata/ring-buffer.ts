import { cpuNumber, monotonicNanoseconds, RingBuffer, Struct, u32, u64, WakeUp, XdpAction, type XdpContext } from '@skep/ebpf';

export class Event extends Struct({ time: u64, length: u32, cpu: u32 }) {}
export const events = new RingBuffer({ name: 'events', maxEntries: 1 << 16 });

export function report(ctx: XdpContext): XdpAction {
  const event = events.reserve(Event);
  if (event) {
    event.time = monotonicNanoseconds();
    event.length = ctx.length;
    event.cpu = cpuNumber();
    if (event.length > 9000) {
      events.discard(event);
      return XdpAction.Drop;
    }
    events.submit(event, WakeUp.No);
  }
  return events.output(new Event({ length: 1 })) === 0 ? XdpAction.Pass : XdpAction.Drop;
}
