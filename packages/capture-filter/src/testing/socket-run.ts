/** Runs the program of a socket on one frame, in the kernel, without a socket. */
import type { Program } from '@skep/bpf';
import { addressOf, BpfAttribute, BpfCommand, bpfResult } from '@skep/sys';

/** The kernel takes an Ethernet header off before a socket's program sees the packet. */
const TAKEN_OFF = 14;

/** What the program returns: how many bytes of the frame it takes. @throws Error with the errno */
export function runSocketProgram(program: Program, frame: Uint8Array): number {
  const { testRun } = BpfAttribute;
  const packet = Buffer.concat([Buffer.alloc(TAKEN_OFF), frame]);
  const bytes = new Uint8Array(testRun.size);
  const attribute = new DataView(bytes.buffer);
  attribute.setUint32(testRun.prog_fd, program.fd.number, true);
  attribute.setUint32(testRun.data_size_in, packet.length, true);
  attribute.setUint32(testRun.repeat, 1, true);
  attribute.setBigUint64(testRun.data_in, addressOf(packet), true);
  const result = bpfResult(BpfCommand.PROG_TEST_RUN, bytes);
  if (result < 0) throw new Error(`run program ${program.name}: errno ${-result}, expected 0`);
  // Without a use after the call the packet's memory could be gone during it.
  if (packet.length === 0) throw new Error('no packet');
  return attribute.getUint32(testRun.retval, true);
}
