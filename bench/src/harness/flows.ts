/**
 * Test runs that begin with the same frame each time: the kernel gives a program what its own last
 * run left, and the datapath rewrites what it delivers.
 */
import { type BpfMap, type Program, setProgram } from '@skep/bpf';
import type { MapShape } from '@skep/bytecode';
import { bytes, Struct, u32 } from '@skep/ebpf';
import { compileC } from './clang.ts';
import { readElfProgram } from './elf.ts';
import { type Bench, bytesOf, programTypes, timePacket } from './kernel.ts';
import { least } from './statistics.ts';

/** How many flows are alive where each packet begins one; source ports are 16 bits. */
export enum NewFlows {
  /** The tables stay in the processor's caches, as those of one known flow do. */
  Few = 1_000,
  /** The tables do not. */
  Many = 40_000,
}

/**
 * What bench/c/flows.c writes over the packet's first 34 bytes: Ethernet and IPv4 without options.
 */
class Frame extends Struct({ port: u32, step: u32, head: bytes(40) }) {}
const headBytes = 34;

const array = { keySize: 4, maxEntries: 1, flags: 0 };
const maps: Readonly<Record<string, MapShape>> = {
  b_frame: { ...array, name: 'b_frame', kind: 'array', valueSize: Frame.size },
  b_next: { ...array, name: 'b_next', kind: 'programArray', valueSize: 4 },
};

/** A program in front of the one that is measured. */
export class Flows {
  readonly #wrapper: Program;
  readonly #leaf: Program;
  readonly #frame: BpfMap;
  readonly #next: BpfMap;

  /** @throws Error without clang */
  constructor(bench: Bench) {
    const file = compileC('flows');
    const programType = programTypes.tc;
    const load = (name: string): Program =>
      bench.load(readElfProgram(file, { name, programType, maps }));
    this.#wrapper = load('tc_flows');
    this.#leaf = load('tc_leaf');
    this.#frame = bench.maps.b_frame!;
    this.#next = bench.maps.b_next!;
  }

  /** Nanoseconds of one packet of one flow: the same frame each run. */
  timeSame(program: Program, packet: Uint8Array, runs: number): number {
    return this.#time(program, packet, { runs, step: 0 });
  }

  /** Nanoseconds of a flow's first packet: each run has another source port. */
  timeNew(program: Program, packet: Uint8Array, runs: NewFlows): number {
    return this.#time(program, packet, { runs, step: 1 });
  }

  /**
   * As if there were no wrapper: its cost, measured with an empty program behind it, is taken off.
   */
  #time(
    program: Program,
    packet: Uint8Array,
    { runs, step }: { runs: number; step: 0 | 1 },
  ): number {
    const view = new DataView(packet.buffer, packet.byteOffset);
    const head = new Uint8Array(40);
    head.set(packet.subarray(0, headBytes));
    const frame = { port: view.getUint16(headBytes), step, head };
    const through = (target: Program): number => {
      this.#frame.update(new Uint8Array(4), bytesOf(Frame, frame));
      setProgram(this.#next, 0, target.fd);
      return timePacket(this.#wrapper, packet, runs);
    };
    const ours = through(program);
    const wrapper =
      least(() => through(this.#leaf)) - least(() => timePacket(this.#leaf, packet, runs));
    return ours - wrapper;
  }
}
