/**
 * Shows: a socket that sees only what its own filter lets through.
 * You will see: of four datagrams those of an even length, cut to four bytes.
 * Needs: root, Linux 4.17. Loopback of a namespace and a control group that end with the process.
 * Now change this line: `return 8 + 4` to `return ctx.length`: they come whole.
 */
import { attachSocketFilter, loadProgram } from '@skep/bpf';
import { be16, loadBytes, type SocketFilterContext, Struct, type u32 } from '@skep/ebpf';
import { Loopback } from './lib/loopback.ts';
import { runExample } from './lib/run.ts';

/** A UDP header; its length counts its own 8 bytes. */
export class Udp extends Struct({ source: be16, target: be16, length: be16, checksum: be16 }) {}

/** Returns how many bytes of the datagram the socket gets, its header included. */
export function filter(ctx: SocketFilterContext): u32 {
  const udp = new Udp();
  if (loadBytes(ctx, 0, udp, Udp.size) < 0) return 0;
  if (udp.length & 1) return 0;
  return 8 + 4;
}

runExample(import.meta.url, (programs) => {
  const loopback = new Loopback();
  const receiver = loopback.datagrams('127.0.0.1:8000');
  attachSocketFilter(loadProgram(programs('filter')), receiver.socket);
  const sender = loopback.datagrams('127.0.0.1:0');
  for (const text of ['one', 'four', 'seven', 'eleven']) sender.send(text, '127.0.0.1:8000');
  for (let text = receiver.receive(); text !== undefined; text = receiver.receive()) {
    console.log(text);
  }
});
