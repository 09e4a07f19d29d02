/** Running a loaded program on one packet, without any device. */
import { BpfAttribute, BpfCommand, BpfProgramType, bpfResult, Errno } from '@skep/sys';
import { Attribute } from './attribute.ts';
import { bpfError } from './call.ts';
import type { Program } from './program.ts';
import {
  decodeTcContext,
  decodeXdpContext,
  encodeTcContext,
  encodeXdpContext,
  type TcTestContext,
  type XdpTestContext,
} from './run-context.ts';

/** What a program is run on. */
export interface TestRun<Context> {
  /** The packet from its Ethernet header on: at least 14 bytes, at most about 3,500. */
  readonly packet: Uint8Array;
  /** Fields of the context; what is absent is the kernel's default (interface: loopback). */
  readonly context?: Context;
  /** Runs in a row, 1 where absent. An XDP packet keeps what the run before did to it. */
  readonly repeat?: number;
}

/** What came of it. */
export interface TestResult<Context> {
  /** The program's result, such as an `XdpAction`: 32 bits, unsigned. */
  readonly returnValue: number;
  /** The packet afterwards (for XDP after the last of the runs). */
  readonly packet: Uint8Array;
  readonly context: Required<Context>;
  /** Mean of one run. */
  readonly durationNanoseconds: number;
}

/**
 * Runs an XDP program on one packet.
 *
 * @throws KernelError: EINVAL for a packet or context that the kernel does not take
 * @since Linux 5.15 for contexts
 */
export function testRunXdp(
  program: Program,
  run: TestRun<XdpTestContext>,
): TestResult<XdpTestContext> {
  requireType(program, BpfProgramType.XDP, 'xdp');
  const metadata = run.context?.metadata ?? new Uint8Array(0);
  const context = encodeXdpContext(run.context, run.packet.length);
  const data = Buffer.concat([metadata, run.packet]);
  const answer = call(program, { ...run, packet: data }, context);
  const { fields, metadataBytes } = decodeXdpContext(answer.context);
  return {
    returnValue: answer.returnValue,
    packet: answer.packet.slice(metadataBytes),
    context: { ...fields, metadata: answer.packet.slice(0, metadataBytes) },
    durationNanoseconds: answer.durationNanoseconds,
  };
}

/**
 * Runs a traffic control program on one packet.
 *
 * @throws KernelError: EINVAL for a packet or context that the kernel does not take, ENODEV for an
 *   interface that is not in this network namespace
 */
export function testRunTc(
  program: Program,
  run: TestRun<TcTestContext>,
): TestResult<TcTestContext> {
  requireType(program, BpfProgramType.SCHED_CLS, 'traffic control');
  const answer = call(program, run, encodeTcContext(run.context));
  return { ...answer, context: decodeTcContext(answer.context) };
}

/**
 * Runs a program of a socket filter or of a control group's packets, which sees the packet from
 * behind its Ethernet header.
 *
 * @throws KernelError: EINVAL for a packet that the kernel does not take
 */
export function testRunSocketPacket(
  program: Program,
  run: Omit<TestRun<never>, 'context'>,
): Omit<TestResult<never>, 'context'> {
  const { programType } = program;
  const { SOCKET_FILTER, CGROUP_SKB } = BpfProgramType;
  if (programType !== CGROUP_SKB) requireType(program, SOCKET_FILTER, 'socket filter');
  const { returnValue, packet, durationNanoseconds } = call(program, run, new Uint8Array(0));
  return { returnValue, packet, durationNanoseconds };
}

interface RawAnswer {
  readonly returnValue: number;
  readonly packet: Uint8Array;
  readonly context: DataView;
  readonly durationNanoseconds: number;
}

const { testRun } = BpfAttribute;
/**
 * More than any packet that the kernel takes, so that no run fails for want of room after it ran.
 */
const packetOut = new Uint8Array(1 << 16);
/** At least the kernel's own size of any context: it writes all of it. */
const CONTEXT_OUT_BYTES = 256;
const attribute = new Attribute(testRun.size).setPointer(testRun.data_out, packetOut);

function call(program: Program, run: TestRun<unknown>, context: Uint8Array): RawAnswer {
  const contextOut = new Uint8Array(CONTEXT_OUT_BYTES);
  const fill = (): number => {
    attribute
      .setU32(testRun.prog_fd, program.fd.number)
      .setU32(testRun.data_size_in, run.packet.length)
      .setU32(testRun.data_size_out, packetOut.length)
      .setPointer(testRun.data_in, run.packet)
      .setU32(testRun.repeat, run.repeat ?? 1)
      .setU32(testRun.ctx_size_in, context.length)
      .setU32(testRun.ctx_size_out, contextOut.length)
      .setPointer(testRun.ctx_in, context)
      .setPointer(testRun.ctx_out, contextOut);
    return bpfResult(BpfCommand.PROG_TEST_RUN, attribute.bytes);
  };
  let result = fill();
  // A signal ends a long run: the measurement begins again.
  while (result === -Errno.EINTR) result = fill();
  if (result < 0) throw bpfError(-result, { operation: 'run program', subject: program.name });
  return {
    returnValue: attribute.getU32(testRun.retval),
    packet: packetOut.slice(0, attribute.getU32(testRun.data_size_out)),
    context: new DataView(contextOut.buffer),
    durationNanoseconds: attribute.getU32(testRun.duration),
  };
}

function requireType(program: Program, type: number, name: string): void {
  if (program.programType === type) return;
  const found = `type ${program.programType}`;
  throw new TypeError(`run program ${program.name}: ${found}, expected ${type} (${name})`);
}
