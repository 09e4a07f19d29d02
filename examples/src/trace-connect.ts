/**
 * Shows: the kernel's own tracepoints, with the fields of their records by name.
 * You will see: each state that this process's TCP sockets go through, with their ports.
 * Needs: root, Linux 5.15. Loopback of a namespace and a control group that end with the process.
 * Now change this line: `changes.push(` to be called only where `ctx.newState === 1`.
 */
import { attachTracing, loadProgram, openMap, openQueue } from '@skep/bpf';
import { ArrayMap, currentProcess, Queue, recorded, s32, Struct, TcpState } from '@skep/ebpf';
import { Tracepoint, u16, u32 } from '@skep/ebpf';
import { Loopback } from './lib/loopback.ts';
import { runExample } from './lib/run.ts';

/** @source events/sock/inet_sock_set_state/format below tracefs */
export abstract class StateChange extends Tracepoint('sock', 'inet_sock_set_state', {
  oldState: recorded(16, s32),
  newState: recorded(20, s32),
  sourcePort: recorded(24, u16),
  destinationPort: recorded(26, u16),
}) {}

/** The process whose sockets are looked at. */
export const watched = new ArrayMap({ name: 'watched', value: u32, maxEntries: 1 });
/** From one `TcpState` to another. */
export class Change extends Struct({ from: u32, to: u32, port: u32 }) {}
/** What was seen and not yet read. */
export const changes = new Queue({ name: 'changes', value: Change, maxEntries: 64 });

/** Runs whenever a socket of the machine changes its state. */
export function record(ctx: StateChange): void {
  const process = watched.lookup(0);
  if (!process || u32(currentProcess() >>> 32) !== process.value) return;
  changes.push({ from: u32(ctx.oldState), to: u32(ctx.newState), port: ctx.destinationPort });
}

runExample(import.meta.url, (programs) => {
  const [queue, table] = [openQueue(changes), openMap(watched)];
  table.update(0, process.pid);
  const maps = { changes: queue.map, watched: table.map };
  attachTracing(loadProgram(programs('record'), { maps }));

  const loopback = new Loopback();
  loopback.listen('127.0.0.1:8000');
  loopback.connect('127.0.0.1:8000');
  for (let each = queue.pop(); each; each = queue.pop()) {
    if (each.port !== 8000) continue;
    console.log(`${TcpState[each.from]} -> ${TcpState[each.to]}`);
  }
});
