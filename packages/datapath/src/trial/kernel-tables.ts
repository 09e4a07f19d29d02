/** The datapath's tables and programs in the kernel, attached to nothing yet. */
import {
  type BpfMap,
  clearProgram,
  createMap,
  loadProgram,
  type Program,
  RingBufferReader,
  setProgram,
} from '@skep/bpf';
import { mapShapeOf, type ProgramObject } from '@skep/bytecode';
import { Connection, Newcomer, Translation } from '@skep/contract';
import { codecOf, type MapDeclaration } from '@skep/ebpf';
import * as maps from '../maps.ts';
import { queuedNewcomers } from '../newcomer-queue.ts';
import { decidedProgram, type NodeConstants } from '../programs.ts';
import type { TrialTables } from './tables.ts';
import { NODE } from './world.ts';

/** All maps of the datapath, and the programs that decide in their slots; `close` lets go. */
export class KernelTables implements TrialTables {
  private readonly maps: Readonly<Record<string, BpfMap>>;
  private readonly programs = new Map<ProgramObject, Program>();
  private readonly reader: RingBufferReader;

  /** @throws KernelError EPERM without the rights */
  constructor(node: NodeConstants = NODE) {
    this.maps = Object.fromEntries(
      [...maps.datapathMaps, ...maps.masqueradeMaps].map((map) => {
        return [map.name, createMap(mapShapeOf(map))];
      }),
    );
    this.reader = new RingBufferReader(this.map(maps.events));
    this.setPolicy(maps.DECIDED, decidedProgram(node));
  }

  update(map: MapDeclaration, key: Uint8Array, value: Uint8Array): void {
    this.map(map).update(key, value);
  }

  lookup(map: MapDeclaration, key: Uint8Array): Uint8Array | undefined {
    return this.map(map).lookup(key);
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

  takeEvents(): Uint8Array[] {
    const events: Uint8Array[] = [];
    this.reader.drain((record) => events.push(record.slice()));
    return events;
  }

  /** The kernel's clock goes as it goes: the flows are made older instead. */
  advanceSeconds(seconds: number): void {
    const jiffies = seconds * NODE.jiffiesPerSecond;
    const older = <T extends { lastSeen: number; lastReported: number }>(flow: T): T => ({
      ...flow,
      lastSeen: (flow.lastSeen - jiffies) >>> 0,
      lastReported: (flow.lastReported - jiffies) >>> 0,
    });
    const codec = codecOf(Connection);
    for (const { key, value } of this.entries(maps.connections)) {
      this.update(maps.connections, key, codec.encode(older(codec.decode(value))));
    }
    for (const { place, newcomer } of queuedNewcomers(this)) {
      const aged = { ...newcomer, connection: older(newcomer.connection) };
      this.update(maps.newcomers, place, codecOf(Newcomer).encode(aged));
    }
    const rows = codecOf(Translation);
    for (const map of [maps.translations, maps.newTranslations]) {
      for (const { key, value } of this.entries(map)) {
        const found = rows.decode(value);
        const lastSeen = (found.lastSeen - jiffies) >>> 0;
        this.update(map, key, rows.encode({ ...found, lastSeen }));
      }
    }
  }

  close(): void {
    this.reader.close();
    for (const program of this.programs.values()) program.close();
    for (const map of Object.values(this.maps)) map.close();
  }

  /** Loads a program on these tables, once. */
  protected load(object: ProgramObject): Program {
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
