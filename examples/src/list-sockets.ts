/**
 * Shows: a program that the kernel calls for one socket after the other while somebody reads.
 * You will see: every TCP socket of a namespace, with its state and port, as `ss` would list them.
 * Needs: root, Linux 5.9. Loopback of a namespace and a control group that end with the process.
 * Now change this line: `!socket` to `!socket || socket.skc_state !== TcpState.Listen`.
 */
import { attachIterator, loadProgram, readIterator } from '@skep/bpf';
import { be16, kernelStruct, SocketIterator, Struct, TcpState, u16, u32, u8 } from '@skep/ebpf';
import { writeRecord } from '@skep/ebpf';
import { Loopback } from './lib/loopback.ts';
import { runExample } from './lib/run.ts';

/** What all sockets of TCP have. */
export const Common = kernelStruct('sock_common', { skc_num: u16, skc_dport: be16, skc_state: u8 });
/** One after the other. */
export abstract class TcpSockets extends SocketIterator('tcp', Common) {}
/** What is written of each. */
export class Line extends Struct({ state: u32, port: u16, remotePort: u16 }) {}

/** Runs once for each socket, and once more without one. */
export function list(ctx: TcpSockets): void {
  const socket = ctx.socket;
  if (!socket) return;
  const line = new Line({
    state: socket.skc_state,
    port: socket.skc_num,
    remotePort: socket.skc_dport,
  });
  writeRecord(ctx.meta.seq, line, Line.size);
}

runExample(import.meta.url, (programs) => {
  const loopback = new Loopback();
  const { accept } = loopback.listen('127.0.0.1:8000');
  loopback.connect('127.0.0.1:8000');
  accept();

  const link = attachIterator(loadProgram(programs('list')));
  for (const { state, port, remotePort } of loopback.inside(() => readIterator(link, Line))) {
    const end = remotePort === 8000 ? 'a client of port 8000' : `port ${port}`;
    console.log(`${TcpState[state]}: ${end}`);
  }
});
