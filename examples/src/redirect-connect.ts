/**
 * Shows: connect(2) to one address that goes to another, without a packet being changed: how a
 * service is translated at the socket.
 * You will see: 20 connections to 10.96.0.1:80; they end at two backends on loopback, and the
 * process believes that it talks to the service.
 * Needs: root, Linux 5.8. Loopback of a namespace and a control group that end with the process.
 * Now change this line: `ctx.userPort = backend.port` to port 9: the connection is refused.
 */
import { attachCgroup, loadProgram, openMap } from '@skep/bpf';
import { ArrayMap, be16, be32, CgroupAction, LruHashMap, randomU32, Struct, u64 } from '@skep/ebpf';
import { type Connect4Context, type Getpeername4Context, socketCookie } from '@skep/ebpf';
import { Loopback } from './lib/loopback.ts';
import { runExample } from './lib/run.ts';

/** An address with a port. */
export class Place extends Struct({ address: be32, port: be16 }) {}
/** What clients ask for. */
export const service = { address: 0x0a600001, port: 80 };
/** Where they get to. */
export const backends = new ArrayMap({ name: 'backends', value: Place, maxEntries: 2 });
/** Socket -> the service that its process connected to. */
export const chosen = new LruHashMap({ name: 'chosen', key: u64, value: Place, maxEntries: 1024 });

/** Puts the address of a backend in the place of the service's. */
export function connect4(ctx: Connect4Context): CgroupAction {
  if (ctx.userIp4 !== service.address || ctx.userPort !== service.port) return CgroupAction.Allow;
  const backend = backends.lookup(randomU32() & 1);
  if (!backend) return CgroupAction.Deny;
  chosen.update(socketCookie(ctx), service);
  ctx.userIp4 = backend.address;
  ctx.userPort = backend.port;
  return CgroupAction.Allow;
}

/** Tells the process the address that it had asked for. */
export function getpeername4(ctx: Getpeername4Context): void {
  const asked = chosen.lookup(socketCookie(ctx));
  if (!asked) return;
  ctx.userIp4 = asked.address;
  ctx.userPort = asked.port;
}

runExample(import.meta.url, (programs) => {
  const loopback = new Loopback();
  const maps = { backends: openMap(backends), chosen: openMap(chosen) };
  const listeners = [8001, 8002].map((port, index) => {
    maps.backends.update(index, { address: 0x7f000001, port });
    return loopback.listen(`127.0.0.1:${port}`);
  });
  const opened = { backends: maps.backends.map, chosen: maps.chosen.map };
  for (const name of ['connect4', 'getpeername4']) {
    attachCgroup(loadProgram(programs(name), { maps: opened }), loopback.group);
  }
  const clients = Array.from({ length: 20 }, () => loopback.connect('10.96.0.1:80'));
  console.log(`every peer is the service: ${clients.every(({ peer }) => peer === '10.96.0.1:80')}`);
  const counts = listeners.map(({ accept }) => clients.filter(() => accept()).length);
  console.log(`each backend has some: ${counts.every((count) => count > 0)}`);
  console.log(`together: ${counts.reduce((sum, count) => sum + count, 0)}`);
});
