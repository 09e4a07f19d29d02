/** Packet tables in the kernel, by `BPF_PROG_TEST_RUN`: nothing is attached anywhere. */
import {
  type BpfMap,
  clearProgram,
  createMap,
  loadProgram,
  type Program,
  RingBufferReader,
  setProgram,
  testRunTc,
} from '@skep/bpf';
import { mapShapeOf, type ProgramObject } from '@skep/bytecode';
import type { MapDeclaration } from '@skep/ebpf';
import * as maps from '../maps.ts';
import { decidedProgram } from '../programs.ts';
import type { Engine, EngineResult } from './engine.ts';
import { NODE } from './world.ts';

/** Tables and programs of its own in the kernel, attached to nothing; `close` lets go of them. */
export class KernelEngine implements Engine {
  readonly name = 'kernel';
  private readonly maps: Readonly<Record<string, BpfMap>>;
  private readonly programs = new Map<ProgramObject, Program>();
  private readonly reader: RingBufferReader;

  /** @throws KernelError EPERM without the rights */
  constructor() {
    this.maps = Object.fromEntries(
      maps.datapathMaps.map((map) => [map.name, createMap(mapShapeOf(map))]),
    );
    this.reader = new RingBufferReader(this.map(maps.events));
    this.setPolicy(maps.DECIDED, decidedProgram(NODE));
  }

  update(map: MapDeclaration, key: Uint8Array, value: Uint8Array): void {
    this.map(map).update(key, value);
  }

  delete(map: MapDeclaration, key: Uint8Array): void {
    this.map(map).delete(key);
  }

  entries(map: MapDeclaration): { key: Uint8Array; value: Uint8Array }[] {
    return [...this.map(map).entries()].map(([key, value]) => ({ key, value }));
  }

  setPolicy(slot: number, program: ProgramObject | null): void {
    const policies = this.map(maps.policies);
    if (program) setProgram(policies, slot, this.load(program).fd);
    else clearProgram(policies, slot);
  }

  run(program: ProgramObject, packet: Uint8Array): EngineResult {
    const { returnValue, packet: out } = testRunTc(this.load(program), { packet });
    return { action: returnValue | 0, packet: out };
  }

  takeEvents(): Uint8Array[] {
    const events: Uint8Array[] = [];
    this.reader.drain((record) => events.push(record.slice()));
    return events;
  }

  forgetFlows(): void {
    for (const map of [maps.connections, maps.newcomers, maps.fragments]) {
      for (const { key } of this.entries(map)) this.delete(map, key);
    }
  }

  close(): void {
    this.reader.close();
    for (const program of this.programs.values()) program.close();
    for (const map of Object.values(this.maps)) map.close();
  }

  private load(object: ProgramObject): Program {
    const known = this.programs.get(object) ?? loadProgram(object, { maps: this.maps });
    this.programs.set(object, known);
    return known;
  }

  private map(declaration: MapDeclaration): BpfMap {
    const map = this.maps[declaration.name];
    if (!map) throw new Error(`map ${declaration.name}: not one of the datapath's`);
    return map;
  }
}
