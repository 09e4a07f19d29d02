/**
 * Shows: a tracepoint by the arguments that the kernel calls it with, and a table that counts.
 * You will see: how often this process has made a system call, counted by the kernel.
 * Needs: root, Linux 5.9 with CONFIG_FTRACE_SYSCALLS, x64 or arm64.
 * Now change this line: `call < 3` to `call < 300`.
 */
import { attachTracing, loadProgram, openMap } from '@skep/bpf';
import { ArrayMap, currentProcess, HashMap, RawTracepoint, u32, u64 } from '@skep/ebpf';
import { runExample } from './lib/run.ts';

/** Arguments of the tracepoint. @source TRACE_EVENT_SYS(sys_enter), include/trace/events */
export abstract class SystemCall extends RawTracepoint('sys_enter', { registers: u64, id: u64 }) {}

/** The process whose calls are counted. */
export const watched = new ArrayMap({ name: 'watched', value: u32, maxEntries: 1 });
/** System call -> how often it was made. */
export const counts = new HashMap({ name: 'counts', key: u64, value: u64, maxEntries: 512 });

/** Runs whenever a process of the machine enters a system call. */
export function countCall(ctx: SystemCall): void {
  const process = watched.lookup(0);
  if (!process || u32(currentProcess() >>> 32) !== process.value) return;
  const counter = counts.lookup(ctx.id);
  if (counter) counter.value += 1;
  else counts.update(ctx.id, 1);
}

/** getppid(2) */
const asksForParent = process.arch === 'arm64' ? 173n : 110n;

runExample(import.meta.url, (programs) => {
  const [table, counted] = [openMap(watched), openMap(counts)];
  table.update(0, process.pid);
  const maps = { watched: table.map, counts: counted.map };
  const link = attachTracing(loadProgram(programs('countCall'), { maps }));

  for (let call = 0; call < 3; call++) process.ppid;
  link.close();
  console.log(`getppid: ${counted.lookup(asksForParent)} calls`);
});
