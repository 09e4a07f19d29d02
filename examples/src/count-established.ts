/**
 * Shows: TCP sockets at the turns of their lives, and a value for each.
 * You will see: how many connections were established by either end, and the bytes that each closed
 * socket had received; the end of the stream counts as one.
 * Needs: root, Linux 5.8. Loopback of a namespace and a control group that end with the process.
 * Now change this line: `SocketCallback.State` to `SocketCallback.Rtt`: no close is reported.
 */
import { attachCgroup, loadProgram, openMap, openQueue } from '@skep/bpf';
import { ArrayMap, Queue, setSocketCallbacks, SocketCallback, SocketOperation } from '@skep/ebpf';
import { atomic, SocketStorage, Struct, TcpState, u32, u64 } from '@skep/ebpf';
import type { SocketOperationsContext } from '@skep/ebpf';
import { Loopback } from './lib/loopback.ts';
import { runExample } from './lib/run.ts';

/** 0: connected from here, 1: taken here. */
export const established = new ArrayMap({ name: 'established', value: atomic(u64), maxEntries: 2 });
/** Socket -> which of the two. */
export const roles = new SocketStorage({ name: 'roles', value: u32 });
/** A socket's end. */
export class End extends Struct({ bytes: u64, role: u32 }) {}
/** The ends that were not read yet. */
export const ends = new Queue({ name: 'ends', value: End, maxEntries: 64 });

/** Runs at each turn. */
export function watch(ctx: SocketOperationsContext): void {
  const socket = ctx.socket;
  if (!socket) return;
  if (ctx.operation === SocketOperation.State && ctx.argument1 === TcpState.Close) {
    const known = roles.get(socket);
    if (known) ends.push({ bytes: ctx.bytesReceived, role: known.value });
  }
  const isActive = ctx.operation === SocketOperation.ActiveEstablished;
  if (!isActive && ctx.operation !== SocketOperation.PassiveEstablished) return;
  const role = isActive ? 0 : 1;
  const count = established.lookup(role);
  if (count) count.value += 1;
  const own = roles.getOrCreate(socket);
  if (own) own.value = role;
  setSocketCallbacks(ctx, SocketCallback.State);
}

runExample(import.meta.url, (programs) => {
  const loopback = new Loopback();
  const [counts, queue] = [openMap(established), openQueue(ends)];
  const maps = { established: counts.map, roles: openMap(roles).map, ends: queue.map };
  attachCgroup(loadProgram(programs('watch'), { maps }), loopback.group);
  const { accept } = loopback.listen('127.0.0.1:8000');
  for (const text of ['good', 'morning']) {
    const [client, server] = [loopback.connect('127.0.0.1:8000'), accept()!];
    client.send(text);
    server.receive();
    for (const { socket } of [client, server]) socket.close();
  }
  console.log(`connected: ${counts.lookup(0)}, taken: ${counts.lookup(1)}`);
  for (let end = queue.pop(); end; end = queue.pop()) {
    console.log(`${end.role === 0 ? 'client' : 'server'} closed after ${end.bytes} bytes`);
  }
});
