import { ArrayMap, loadBytes, RingBuffer, type SocketFilterContext, SpinLock, storeBytes, Struct, TcAction, type TcContext, Timer, u32, XdpAction, type XdpContext } from '@skep/ebpf';
import { Word } from './headers.ts';

export class Entry extends Struct({ lock: SpinLock, timer: Timer, packets: u32 }) {}
export const entries = new ArrayMap({ name: 'entries', value: Entry, maxEntries: 4 });
export const events = new RingBuffer({ name: 'events', maxEntries: 4096 });

export function filter(ctx: SocketFilterContext): u32 {
  const word = new Word({});
  if (loadBytes(ctx, 0, word, 64) < 0) return 0;
  return word.value;
}
export function rewrite(ctx: TcContext): TcAction {
  const word = new Word({ value: 1 });
  storeBytes(ctx, 0, word, Word.size + 1, 0);
  return TcAction.Pass;
}
export function locked(ctx: XdpContext): XdpAction {
  const entry = entries.lookup(0);
  if (!entry) return XdpAction.Drop;
  entry.lock.val = 1;
  return entry.packets + entry.lock.val;
}
export function given(ctx: XdpContext): XdpAction {
  const event = events.reserve(Word);
  if (!event) return XdpAction.Drop;
  event.value = 1;
  if (ctx.length > 100) {
    events.discard(event);
    event.value = 3;
    events.submit(event);
    return XdpAction.Drop;
  }
  events.submit(event);
  if (ctx.length > 60) event.value += 2;
  events.submit(event);
  return XdpAction.Pass;
}
