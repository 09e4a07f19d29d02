/**
 * Shows: what a control group's processes may do with the network, and who is counted.
 * You will see: a raw socket that is denied, a port that is denied, datagrams counted by group.
 * Needs: root, Linux 5.9. Loopback of a namespace and a control group that end with the process.
 * Now change this line: `ctx.type === RAW` to `ctx.type === 2`: no datagrams at all.
 */
import { statSync } from 'node:fs';
import { attachCgroup, loadProgram, openMap } from '@skep/bpf';
import { BindAction, CgroupAction, CgroupStorage, Struct, u64 } from '@skep/ebpf';
import type { Bind4Context, CgroupEgressContext, SocketCreateContext } from '@skep/ebpf';
import { AddressFamily, openSocket, SocketType } from '@skep/sys';
import { Loopback } from './lib/loopback.ts';
import { runExample } from './lib/run.ts';

/** SOCK_RAW */
export const RAW = 3;
/** What a group has sent. */
export class Sent extends Struct({ packets: u64, bytes: u64 }) {}
/** Control group -> what it has sent. */
export const sent = new CgroupStorage({ name: 'sent', value: Sent });

/** No raw sockets. */
export function create(ctx: SocketCreateContext): CgroupAction {
  return ctx.type === RAW ? CgroupAction.Deny : CgroupAction.Allow;
}
/** No mail server. */
export function bind(ctx: Bind4Context): BindAction {
  return ctx.userPort === 25 ? BindAction.Deny : BindAction.Allow;
}
/** Counts what leaves. */
export function count(ctx: CgroupEgressContext): CgroupAction {
  const own = sent.get();
  own.packets += 1;
  own.bytes += ctx.length;
  return CgroupAction.Allow;
}

runExample(import.meta.url, (programs) => {
  const loopback = new Loopback();
  const counts = openMap(sent);
  for (const name of ['create', 'bind', 'count']) {
    attachCgroup(loadProgram(programs(name), { maps: { sent: counts.map } }), loopback.group);
  }
  const attempt = (name: string, task: () => void): void => {
    try {
      task();
    } catch (error) {
      console.log(`${name}: ${(error as Error).message}`);
    }
  };
  attempt('raw', () => loopback.inside(() => openSocket(AddressFamily.INET, SocketType.RAW, 1)));
  attempt('port 25', () => void loopback.listen('127.0.0.1:25'));
  const sender = loopback.datagrams('127.0.0.1:8000');
  for (const text of ['one', 'two']) sender.send(text, '127.0.0.1:8000');
  const { packets, bytes } = counts.lookup(BigInt(statSync(loopback.group).ino))!;
  console.log(`sent: ${packets} packets of ${bytes} bytes`);
});
