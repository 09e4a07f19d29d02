import {
  be32,
  BindAction,
  CgroupAction,
  HashMap,
  Struct,
  type Bind4Context,
  type CgroupEgressContext,
  type Connect4Context,
  type Connect6Context,
  type PostBind4Context,
  type Recvmsg4Context,
  type Sendmsg6Context,
  type SocketCreateContext,
  type SocketOperationsContext,
  SocketOperation,
  u32,
  u16,
  u64,
} from '@skep/ebpf';
import { Ipv4Header } from './headers.ts';

export class Target extends Struct({ address: be32, port: u32 }) {}
export const targets = new HashMap({ name: 'targets', key: Target, value: Target, maxEntries: 8 });
export const established = new HashMap({ name: 'states', key: u32, value: u64, maxEntries: 8 });

/** Ports and addresses are swapped, the port in a field of 4 bytes. */
export function connect4(ctx: Connect4Context): CgroupAction {
  const target = targets.lookup({ address: ctx.userIp4, port: ctx.userPort });
  if (!target) return CgroupAction.Allow;
  ctx.userIp4 = target.address;
  ctx.userPort = u16(target.port);
  return ctx.socket.protocol === 6 ? CgroupAction.Allow : CgroupAction.Deny;
}
/** Of an IPv6 address each word is a field of its own. */
export function connect6(ctx: Connect6Context): CgroupAction {
  if (ctx.userIp6[0] !== 0 || ctx.userIp6[3] !== 1) return CgroupAction.Allow;
  ctx.userIp6[3] = 2;
  ctx.userIp6[2] += 1;
  return CgroupAction.Allow;
}
export function bind4(ctx: Bind4Context): BindAction {
  return ctx.userPort < 1024 ? BindAction.AllowPrivileged : BindAction.Allow;
}
export function sendmsg6(ctx: Sendmsg6Context): CgroupAction {
  ctx.sourceIp6[3] = 1;
  return ctx.family === ctx.userFamily ? CgroupAction.Allow : CgroupAction.Deny;
}
/** A program that can only allow returns nothing. */
export function recvmsg4(ctx: Recvmsg4Context): void {
  ctx.userPort = 53;
}
export function egress(ctx: CgroupEgressContext): CgroupAction {
  const ip = ctx.at(Ipv4Header, 0);
  if (!ip) return CgroupAction.Deny;
  ctx.mark = 7;
  return ctx.remotePort === 25 && ip.protocol === 6 ? CgroupAction.Deny : CgroupAction.Allow;
}
export function create(ctx: SocketCreateContext): CgroupAction {
  ctx.mark = ctx.family;
  return ctx.type === 3 ? CgroupAction.Deny : CgroupAction.Allow;
}
export function bound4(ctx: PostBind4Context): CgroupAction {
  return ctx.port === 22 && ctx.ip4 === 0x7f000001 ? CgroupAction.Deny : CgroupAction.Allow;
}
export function sockOps(ctx: SocketOperationsContext): void {
  if (ctx.operation === SocketOperation.TimeoutInit) ctx.reply = 10;
  if (ctx.operation !== SocketOperation.PassiveEstablished) return;
  const count = established.lookup(ctx.localPort);
  if (count) count.value += ctx.bytesReceived;
}
