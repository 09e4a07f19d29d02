/**
 * Shows: a function of the kernel, watched from its entry to its exit, and a struct that it gets.
 * You will see: how this process's connect(2) ended in the kernel, to which port, and that it took
 * some time.
 * Needs: root, Linux 5.5 with CONFIG_DYNAMIC_FTRACE. Loopback of a namespace that ends with the
 * process.
 * Now change this line: `loopback.connect('127.0.0.1:8000')` to port 8001, where nobody listens.
 */
import { attachTracing, loadProgram, openMap, openQueue } from '@skep/bpf';
import { be16, currentProcess, FunctionEntry, FunctionExit, HashMap } from '@skep/ebpf';
import { kernelStruct, monotonicNanoseconds, pointerTo, Queue, s32, Struct } from '@skep/ebpf';
import { u16, u64 } from '@skep/ebpf';
import { Loopback } from './lib/loopback.ts';
import { runExample } from './lib/run.ts';

const Common = kernelStruct('sock_common', { skc_dport: be16 });
const connectArguments = { socket: pointerTo(Common), address: u64, length: s32 };
/** int tcp_v4_connect(struct sock *sk, struct sockaddr *uaddr, int addr_len): begins one. */
export abstract class Begins extends FunctionEntry('tcp_v4_connect', connectArguments) {}
/** The same function, when it is left. */
export abstract class Ends extends FunctionExit('tcp_v4_connect', connectArguments, s32) {}

/** Thread -> when it has called. */
export const begun = new HashMap({ name: 'begun', key: u64, value: u64, maxEntries: 64 });
/** One call. */
export class Call extends Struct({ thread: u64, nanoseconds: u64, result: s32, port: u16 }) {}
/** What was seen and not yet read. */
export const calls = new Queue({ name: 'calls', value: Call, maxEntries: 64 });

/** Runs when a thread of the machine enters the function. */
export function begin(_ctx: Begins): void {
  begun.update(currentProcess(), monotonicNanoseconds());
}

/** Runs when it leaves. */
export function end(ctx: Ends): void {
  const thread = currentProcess();
  const started = begun.lookup(thread);
  if (!started) return;
  const nanoseconds = monotonicNanoseconds() - started.value;
  calls.push({ thread, nanoseconds, result: ctx.result, port: ctx.socket.skc_dport });
}

runExample(import.meta.url, (programs) => {
  const [queue, times] = [openQueue(calls), openMap(begun)];
  const maps = { calls: queue.map, begun: times.map };
  for (const name of ['begin', 'end']) attachTracing(loadProgram(programs(name), { maps }));

  const loopback = new Loopback();
  loopback.listen('127.0.0.1:8000');
  loopback.connect('127.0.0.1:8000');
  for (let call = queue.pop(); call; call = queue.pop()) {
    if (Number(call.thread >> 32n) !== process.pid) continue;
    const tookTime = call.nanoseconds > 0n;
    console.log(`connect to port ${call.port}: ${call.result}, took some time: ${tookTime}`);
  }
});
