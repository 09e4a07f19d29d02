/**
 * Shows: a function of a process, with its first argument.
 * You will see: the numbers of the system calls that this process makes by the C library's own
 * `syscall` (41 is socket, 3 is close on x64).
 * Needs: root, Linux 5.15, x64 or arm64, a node that runs with libc.so.6.
 * Now change this line: `function: 'syscall'` to `function: 'getppid'`, and nothing is seen.
 */
import { readFileSync } from 'node:fs';
import { attachUserFunction, loadProgram, openQueue } from '@skep/bpf';
import { type Processor, Queue, u64, UserFunction } from '@skep/ebpf';
import { AddressFamily, openSocket, SocketType } from '@skep/sys';
import { runExample } from './lib/run.ts';

/** long syscall(long number, ...) */
export abstract class SystemCall extends UserFunction(process.arch as Processor, {
  number: u64,
}) {}
/** What was called and not yet read. */
export const calls = new Queue({ name: 'calls', value: u64, maxEntries: 64 });
/** bpf(2), which reading the queue takes as well. */
export const ownCall = process.arch === 'arm64' ? 280 : 321;

/** Runs when the function is entered. */
export function watchCall(ctx: SystemCall): void {
  if (ctx.number !== ownCall) calls.push(ctx.number);
}

runExample(import.meta.url, (programs) => {
  const path = /\S+\/libc\.so\.6$/m.exec(readFileSync('/proc/self/maps', 'utf8'))?.[0];
  if (path === undefined) throw new Error('find libc.so.6: this node runs without it');
  const queue = openQueue(calls);
  const program = loadProgram(programs('watchCall'), { maps: { calls: queue.map } });
  const processId = process.pid;
  const link = attachUserFunction({ program, path, function: 'syscall', processId });

  openSocket(AddressFamily.INET, SocketType.DGRAM).close();
  link.close();
  for (let number = queue.pop(); number !== undefined; number = queue.pop()) {
    console.log(`system call ${number}`);
  }
});
