import { ArrayMap, be16, FunctionExit, kernelStruct, pointerTo, s32, SocketIterator, Struct, u16, u32, u64, u8, writeRecord } from '@skep/ebpf';

export const Common = kernelStruct('sock_common', { skc_num: u16, skc_dport: be16, skc_state: u8 });
export abstract class TcpSockets extends SocketIterator('tcp', Common) {}
export class Line extends Struct({ user: u32, port: u16, state: u8, padding: u8 }) {}

/** A socket that may be missing is a struct of the kernel once it was tested. */
export function listed(ctx: TcpSockets): void {
  const socket = ctx.socket;
  if (socket === null) return;
  const line = new Line({ user: ctx.userId, port: socket.skc_num, state: socket.skc_state, padding: 0 });
  writeRecord(ctx.meta.seq, line, Line.size);
}

export abstract class Connected extends FunctionExit('tcp_v4_connect', { socket: pointerTo(Common), address: u64, length: s32 }, s32) {}
/** The port of the last connection. */
export const ports = new ArrayMap({ name: 'ports', value: u32, maxEntries: 1 });

/** An argument that points to a struct of the kernel is one. */
export function connected(ctx: Connected): void {
  if (ctx.result === 0) ports.update(0, ctx.socket.skc_dport);
}
