import {
  FunctionEntry,
  FunctionExit,
  HashMap,
  RawTracepoint,
  recorded,
  s32,
  SecurityHook,
  Struct,
  Tracepoint,
  u16,
  u32,
  u64,
} from '@skep/ebpf';

export const counts = new HashMap({ name: 'counts', key: u32, value: u64, maxEntries: 64 });

/** Fields stand where the record's format says. */
export abstract class StateChange extends Tracepoint('sock', 'inet_sock_set_state', {
  oldState: recorded(16, s32),
  newState: recorded(20, s32),
  sourcePort: recorded(24, u16),
}) {}
export abstract class SystemCall extends RawTracepoint('sys_enter', { registers: u64, id: u64 }) {}
export abstract class Connects extends FunctionEntry('tcp_v4_connect', { socket: u64 }) {}
export abstract class Connected extends FunctionExit(
  'tcp_v4_connect',
  { socket: u64, address: u64, length: u32 },
  s32,
) {}
export abstract class Binds extends SecurityHook('socket_bind', { socket: u64, address: u64, length: u32 }) {}

function count(key: u32): void {
  const found = counts.lookup(key);
  if (found) found.value += 1;
  else counts.update(key, 1);
}
export function state(ctx: StateChange): void {
  if (ctx.oldState === 7) count(ctx.sourcePort);
}
export function call(ctx: SystemCall): void {
  count(u32(ctx.id));
}
export function entry(_ctx: Connects): void {
  count(1);
}
export function exit(ctx: Connected): void {
  if (ctx.result < 0) count(ctx.length);
}
export function bind(ctx: Binds): s32 {
  return ctx.length > 28 ? -22 : 0;
}
