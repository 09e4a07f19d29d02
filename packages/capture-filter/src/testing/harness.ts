/**
 * Runs a matcher on captured frames, on the machine or in the kernel: a program that takes the
 * frame's length from the packet's first bytes and calls the matcher's function for the rest.
 */
import { loadProgram, testRunXdp } from '@skep/bpf';
import { Machine, type ProgramObject } from '@skep/bytecode';
import {
  type CompileOptions,
  compileProgram,
  FunctionBuilder,
  type IrProgram,
} from '@skep/compiler';
import { contextShapes } from '@skep/ebpf';
import { matchingFunction } from '../lowering/filter-programs.ts';
import type { Matcher } from '../lowering/matcher.ts';
import type { CapturedFrame } from './pcap-file.ts';

const HEAD_BYTES = 16;

/** A packet of the harness: the length, then the frame. */
export function harnessPacket({ bytes, length }: CapturedFrame): Uint8Array {
  const packet = Buffer.alloc(HEAD_BYTES + bytes.length);
  packet.writeUInt32LE(length, 0);
  packet.set(bytes, HEAD_BYTES);
  return packet;
}

/** An XDP program that returns what the matcher's function returns: 1 or 0. */
export function harnessProgram(matcher: Matcher, options: CompileOptions = {}): ProgramObject {
  return compileProgram(callingProgram(matcher), options);
}

function callingProgram(matcher: Matcher): IrProgram {
  const { programType, dataOffset, dataEndOffset } = contextShapes.XdpContext!;
  const builder = new FunctionBuilder('harness');
  const context = builder.context();
  const start = builder.packetBound(context, dataOffset!, 4);
  const end = builder.packetBound(context, dataEndOffset!, 4);
  const frame = builder.packetPointer(start, builder.constant(HEAD_BYTES, 64));
  const [short, whole] = [builder.makeBlock(), builder.makeBlock()];
  builder.branch('gt', frame, end, short, whole);
  builder.sealAndStart(short);
  builder.return(builder.constant(0, 64));
  builder.sealAndStart(whole);
  const length = builder.resize(builder.load(start, { offset: 0, size: 4, space: 'packet' }), 64);
  builder.return(builder.callSubprogram('matches', [frame, end, length], false));
  const functions = [builder.finish(), matchingFunction(matcher, 'matches')];
  return { name: 'harness', programType, license: 'GPL', functions };
}

/** The numbers of the frames that match, by the machine of `@skep/bytecode`. */
export function matchesOnMachine(
  object: ProgramObject,
  frames: readonly CapturedFrame[],
): Set<number> {
  const program = new Machine().load(object);
  return matching(frames, (packet) => program.run({ packet }).returnValue);
}

/** The numbers of the frames that match, by BPF_PROG_TEST_RUN. */
export function matchesInKernel(
  object: ProgramObject,
  frames: readonly CapturedFrame[],
): Set<number> {
  const program = loadProgram(object);
  try {
    return matching(frames, (packet) => testRunXdp(program, { packet }).returnValue);
  } finally {
    program.close();
  }
}

/** The numbers of the frames about which two sets are not of one mind. */
export function difference(one: ReadonlySet<number>, other: ReadonlySet<number>): number[] {
  const numbers = new Set([...one, ...other]);
  return [...numbers].filter((index) => one.has(index) !== other.has(index));
}

/** The numbers of the frames for whose packets `run` returns 1. */
function matching(
  frames: readonly CapturedFrame[],
  run: (packet: Uint8Array) => number,
): Set<number> {
  const numbers = frames.map((_, index) => index);
  return new Set(numbers.filter((index) => run(harnessPacket(frames[index]!)) === 1));
}
