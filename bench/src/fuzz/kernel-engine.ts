/** Random programs in the kernel, by test runs: nothing is attached. */
import {
  type BpfMap,
  codeTarget,
  createMap,
  isPerCpu,
  loadProgram,
  type Program,
  RingBufferReader,
  setInnerMap,
  setProgram,
  testRunXdp,
  ValueQueue,
  VerifierError,
} from '@skep/bpf';
import type { ProgramObject } from '@skep/bytecode';
import {
  type Engine,
  EngineRefusal,
  type FuzzWorld,
  hex,
  type Input,
  type Outcome,
  outcomeOf,
  type TableContents,
  unhex,
  type Variant,
} from '@skep/compiler/fuzz';
import { bytes, Struct } from '@skep/ebpf';
import { stayOnCpu } from './stay-on-cpu.ts';

/** The verifier's walk of all paths has a limit, and so has the stack. */
const forSize = /too large|too complex|stack size|call stack|combined stack/;

/** The maps of a world, in the kernel. `close` gives all of them back. */
export class KernelEngine implements Engine {
  readonly name = 'kernel';
  private readonly target = codeTarget();
  /** The one on which this thread runs, so that its value of a per-CPU map is known. */
  private readonly cpu = stayOnCpu();
  private readonly maps: Record<string, BpfMap> = {};
  private readonly tables = new Map<string, BpfMap>();
  private readonly sequences = new Map<string, Sequence>();
  private readonly buffers: RingBufferReader[] = [];
  private readonly programs: Program[] = [];

  constructor(world: FuzzWorld) {
    for (const shape of world.shapes) {
      const map = createMap(shape);
      this.maps[shape.name] = map;
      if (tableKinds.has(shape.kind) && !shape.isFrozen) this.tables.set(shape.name, map);
      if (shape.kind === 'ringBuffer') this.buffers.push(new RingBufferReader(map));
      if (shape.kind === 'queue' || shape.kind === 'stack') {
        this.sequences.set(shape.name, new Sequence(map));
      }
    }
    for (const { outer, key } of world.innerMaps) {
      const map = createMap(this.maps[outer]!.shape.inner!);
      setInnerMap(this.maps[outer]!, new Uint8Array(Uint32Array.of(key).buffer), map);
      this.tables.set(`${outer} ${key}`, map);
    }
    for (const { map, slot, object } of world.tailCalls) {
      const program = loadProgram(object, { maps: this.maps });
      this.programs.push(program);
      setProgram(this.maps[map]!, slot, program.fd);
    }
  }

  takes({ options }: Variant): boolean {
    const { target } = options;
    if (!target) return true;
    const { mayGoto, numberIterators } = this.target;
    return target.mayGoto <= mayGoto && target.numberIterators <= numberIterators;
  }

  /** @throws EngineRefusal, KernelError */
  run(object: ProgramObject, inputs: readonly Input[]): readonly Outcome[] {
    const program = this.load(object);
    try {
      return inputs.map((input) => this.runOnce(program, input));
    } finally {
      program.close();
    }
  }

  private load(object: ProgramObject): Program {
    try {
      return loadProgram(object, { maps: this.maps, isBrief: true });
    } catch (error) {
      if (!(error instanceof VerifierError)) throw error;
      const detail = `${error.message}\n${error.log.slice(-2000)}`;
      throw new EngineRefusal(detail, forSize.test(error.log));
    }
  }

  private runOnce(program: Program, input: Input): Outcome {
    this.fill(input);
    const { returnValue, packet } = testRunXdp(program, { packet: input.packet });
    const tables: Record<string, TableContents> = {};
    for (const [name, map] of this.tables) {
      tables[name] = new Map(
        [...map.entries()].map(([key, value]) => [hex(key), this.ownValue(map, value)]),
      );
    }
    const sequences: Record<string, Uint8Array[]> = {};
    for (const [name, sequence] of this.sequences) sequences[name] = sequence.takeAll();
    return outcomeOf({ returnValue, packet, tables, sequences, records: this.takeRecords() });
  }

  private fill(input: Input): void {
    for (const [name, map] of this.tables) {
      const { kind } = map.shape;
      if (kind !== 'array' && kind !== 'perCpuArray') {
        for (const key of map.keys()) map.delete(key);
      }
      for (const [key, value] of input.tables[name] ?? []) {
        map.update(unhex(key), this.everywhere(map, value));
      }
    }
    for (const [name, sequence] of this.sequences) {
      sequence.takeAll();
      for (const value of input.sequences[name] ?? []) sequence.push(value);
    }
    this.takeRecords();
  }

  private everywhere(map: BpfMap, value: Uint8Array): Uint8Array {
    if (!isPerCpu(map.shape.kind)) return value;
    const all = new Uint8Array(map.transferSize);
    const stride = Math.ceil(map.shape.valueSize / 8) * 8;
    for (let at = 0; at < all.length; at += stride) all.set(value, at);
    return all;
  }

  private ownValue(map: BpfMap, value: Uint8Array): Uint8Array {
    if (!isPerCpu(map.shape.kind)) return value;
    const { valueSize } = map.shape;
    const start = this.cpu * Math.ceil(valueSize / 8) * 8;
    return value.slice(start, start + valueSize);
  }

  private takeRecords(): Uint8Array[] {
    const records: Uint8Array[] = [];
    for (const buffer of this.buffers) buffer.drain((record) => records.push(record.slice()));
    return records;
  }

  close(): void {
    for (const buffer of this.buffers) buffer.close();
    for (const program of this.programs) program.close();
    const maps = new Set([...this.tables.values(), ...Object.values(this.maps)]);
    for (const map of maps) map.close();
  }
}

const tableKinds = new Set<string>([
  ...['hash', 'array', 'perCpuHash', 'perCpuArray', 'lruHash', 'lpmTrie'],
]);

/** A queue or stack as bytes. */
class Sequence {
  private readonly queue;
  private readonly isStack: boolean;

  constructor(map: BpfMap) {
    const raw = class extends Struct({ bytes: bytes(map.shape.valueSize) }) {};
    this.queue = new ValueQueue(map, raw);
    this.isStack = map.shape.kind === 'stack';
  }

  push(value: Uint8Array): void {
    this.queue.push({ bytes: value });
  }

  /** All values, the oldest first; none is left. */
  takeAll(): Uint8Array[] {
    const values: Uint8Array[] = [];
    for (let value = this.queue.pop(); value; value = this.queue.pop()) values.push(value.bytes);
    return this.isStack ? values.reverse() : values;
  }
}
