import {
  be32,
  CgroupAction,
  CgroupStorage,
  loadBytes,
  messageApply,
  messagePull,
  pullData,
  SkAction,
  SocketArray,
  SocketCallback,
  SocketEnd,
  SocketHash,
  SocketMap,
  SocketOperation,
  SocketStorage,
  setSocketCallbacks,
  socketCookie,
  Struct,
  u32,
  u64,
  type CgroupIngressContext,
  type MessageContext,
  type ReuseportContext,
  type ReuseportMigrateContext,
  type SkbVerdictContext,
  type SocketFilterContext,
  type SocketLookupContext,
  type SocketOperationsContext,
  type SocketReleaseContext,
  type StreamParserContext,
  type StreamVerdictContext,
} from '@skep/ebpf';
import { Word } from './headers.ts';

export class Ends extends Struct({ remote: be32, port: u32 }) {}
export class Seen extends Struct({ bytes: u64, packets: u64 }) {}
export const listeners = new SocketMap({ name: 'listeners', maxEntries: 4 });
export const streams = new SocketHash({ name: 'streams', key: Ends, maxEntries: 64 });
export const group = new SocketArray({ name: 'group', maxEntries: 4 });
export const own = new SocketStorage({ name: 'own', value: Seen });
export const perGroup = new CgroupStorage({ name: 'per_group', value: Seen });

export function enrol(ctx: SocketOperationsContext): void {
  if (ctx.operation === SocketOperation.ActiveEstablished) {
    if (streams.update(ctx, { remote: ctx.remoteIp4, port: ctx.remotePort }) < 0) return;
    setSocketCallbacks(ctx, SocketCallback.State);
    const socket = ctx.socket;
    const seen = socket ? own.getOrCreate(socket) : null;
    if (seen) seen.packets = socketCookie(ctx);
  } else if (ctx.operation === SocketOperation.PassiveEstablished) {
    listeners.update(ctx, ctx.localPort & 3);
  }
}
export function verdict(ctx: SkbVerdictContext): SkAction {
  if (pullData(ctx, 4) < 0) return SkAction.Drop;
  const word = ctx.at(Word, 0);
  if (!word) return SkAction.Drop;
  if (word.value === 1) return listeners.redirect(ctx, 1, SocketEnd.Receive);
  return streams.redirect(ctx, { remote: ctx.remoteIp4, port: ctx.localPort });
}
/** A message is as long as its first word says. */
export function parser(ctx: StreamParserContext): u32 {
  const word = ctx.at(Word, 0);
  return word ? word.value : 0;
}
export function streamVerdict(ctx: StreamVerdictContext): SkAction {
  return ctx.remotePort === 80 ? SkAction.Pass : SkAction.Drop;
}
export function message(ctx: MessageContext): SkAction {
  const before = ctx.at(Word, 0);
  if (before && before.value === 3) return SkAction.Drop;
  if (messagePull(ctx, 0, 4, 0) < 0) return SkAction.Drop;
  const word = ctx.at(Word, 0);
  if (!word) return SkAction.Drop;
  messageApply(ctx, ctx.length);
  const seen = own.get(ctx.socket);
  if (seen) seen.bytes += ctx.length;
  return word.value === 2 ? streams.redirect(ctx, { remote: 1, port: 2 }) : SkAction.Pass;
}
/** The socket that the lookup found is given back on each path. */
export function lookup(ctx: SocketLookupContext): SkAction {
  if (ctx.localPort !== 7 || ctx.remotePort === 9) return SkAction.Pass;
  return listeners.assign(ctx, 0) < 0 ? SkAction.Drop : SkAction.Pass;
}
export function reuse(ctx: ReuseportContext): SkAction {
  return group.select(ctx, ctx.hash & 3) < 0 ? SkAction.Drop : SkAction.Pass;
}
export function migrate(ctx: ReuseportMigrateContext): SkAction {
  return ctx.migratingSocket ? SkAction.Pass : SkAction.Drop;
}
export function filter(ctx: SocketFilterContext): u32 {
  const word = new Word({});
  if (loadBytes(ctx, 8, word, Word.size) < 0) return 0;
  return word.value === 1 ? ctx.length : 0;
}
export function ingress(ctx: CgroupIngressContext): CgroupAction {
  const mine = perGroup.get();
  mine.packets += 1;
  const socket = ctx.socket;
  if (socket) own.delete(socket);
  return CgroupAction.Allow;
}
export function release(ctx: SocketReleaseContext): void {
  ctx.mark = 0;
}
