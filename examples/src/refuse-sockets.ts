/**
 * Shows: a hook of the kernel's security modules, which may refuse what a process asks for.
 * You will see: a process that may open sockets for streams, and none for datagrams.
 * Needs: root, Linux 5.7 with CONFIG_BPF_LSM, and `bpf` among the active modules (lsm=...,bpf).
 * Now change this line: `ctx.type === DATAGRAM` to `ctx.family === 2`: no IPv4 at all.
 */
import { attachTracing, loadProgram, openMap } from '@skep/bpf';
import { ArrayMap, currentProcess, s32, SecurityHook, u32 } from '@skep/ebpf';
import { AddressFamily, openSocket, SocketType } from '@skep/sys';
import { runExample } from './lib/run.ts';

/** int security_socket_create(int family, int type, int protocol, int kern) */
export abstract class CreatesSocket extends SecurityHook('socket_create', {
  family: s32,
  type: s32,
  protocol: s32,
  isKernel: s32,
}) {}

/** SOCK_DGRAM */
export const DATAGRAM = 2;
/** What the process is told. */
export const EPERM = 1;
/** The process that is guarded. */
export const guarded = new ArrayMap({ name: 'guarded', value: u32, maxEntries: 1 });

/** Runs whenever a process of the machine opens a socket; others get what they ask for. */
export function create(ctx: CreatesSocket): s32 {
  const process = guarded.lookup(0);
  if (!process || u32(currentProcess() >>> 32) !== process.value) return 0;
  return ctx.type === DATAGRAM ? -EPERM : 0;
}

runExample(import.meta.url, (programs) => {
  const table = openMap(guarded);
  table.update(0, process.pid);
  attachTracing(loadProgram(programs('create'), { maps: { guarded: table.map } }));

  for (const type of ['STREAM', 'DGRAM'] as const) {
    try {
      openSocket(AddressFamily.INET, SocketType[type]).close();
      console.log(`${type}: opened`);
    } catch (error) {
      console.log(`${type}: ${(error as Error).message}`);
    }
  }
});
