/** Random programs on the machine of `@skep/bytecode`. */
import {
  type EngineName,
  type LoadedProgram,
  Machine,
  type MachineMap,
  MapOfMaps,
  ProgramArrayMap,
  type ProgramObject,
  QueueMap,
  RingBufferMap,
  Table,
} from '@skep/bytecode';
import {
  type FuzzWorld,
  hex,
  type Input,
  type Outcome,
  outcomeOf,
  type TableContents,
  unhex,
} from './fuzz-case.ts';
import type { Engine } from './check-case.ts';

const budget = 20_000_000;

/** One machine with the maps of a world. */
export class MachineEngine implements Engine {
  readonly name: string;
  private readonly machine: Machine;
  private readonly tables = new Map<string, Table>();
  private readonly sequences = new Map<string, QueueMap>();
  private readonly buffers: RingBufferMap[] = [];

  constructor(engine: EngineName, world: FuzzWorld) {
    this.name = engine;
    this.machine = new Machine({ engine, instructionBudget: budget });
    for (const shape of world.shapes) this.keep(shape.name, this.machine.createMap(shape));
    for (const { outer, key } of world.innerMaps) {
      const holder = this.machine.map(outer, MapOfMaps);
      const made = this.machine.createUnnamedMap(holder.shape.inner!);
      holder.set(new Uint8Array(Uint32Array.of(key).buffer), made);
      this.keep(`${outer} ${key}`, made);
    }
    for (const { map, slot, object } of world.tailCalls) {
      this.machine.map(map, ProgramArrayMap).set(slot, this.machine.load(object));
    }
  }

  private keep(name: string, map: MachineMap): void {
    if (map instanceof Table && !map.shape.isFrozen) this.tables.set(name, map);
    if (map instanceof QueueMap) this.sequences.set(name, map);
    if (map instanceof RingBufferMap) this.buffers.push(map);
  }

  /** It has all kinds of loops. */
  takes(): boolean {
    return true;
  }

  /** @throws Refusal, MachineFault */
  run(object: ProgramObject, inputs: readonly Input[]): readonly Outcome[] {
    const loaded = this.machine.load(object);
    return inputs.map((input) => this.runOnce(loaded, input));
  }

  private runOnce(loaded: LoadedProgram, input: Input): Outcome {
    this.fill(input);
    const { returnValue, packet } = loaded.run({ packet: input.packet });
    const tables: Record<string, TableContents> = {};
    for (const [name, table] of this.tables) {
      tables[name] = new Map(table.entries().map(([key, value]) => [hex(key), value]));
    }
    const sequences = Object.fromEntries(
      [...this.sequences].map(([name, map]) => [name, map.contents()]),
    );
    const records = this.buffers.flatMap((buffer) => buffer.read());
    return outcomeOf({ returnValue, packet, tables, sequences, records });
  }

  private fill(input: Input): void {
    for (const [name, table] of this.tables) {
      const { kind } = table.shape;
      if (kind !== 'array' && kind !== 'perCpuArray') {
        for (const [key] of table.entries()) table.delete(key);
      }
      for (const [key, value] of input.tables[name] ?? []) table.update(unhex(key), value);
    }
    for (const [name, map] of this.sequences) {
      const scratch = new Uint8Array(map.shape.valueSize);
      while (map.pop(scratch) === 0);
      for (const value of input.sequences[name] ?? []) map.push(value, 0);
    }
    for (const buffer of this.buffers) buffer.read();
  }
}
