/** The datapath's tables and programs on the machine: no kernel, no rights. */
import {
  type LoadedProgram,
  Machine,
  type MachineOptions,
  mapShapeOf,
  ProgramArrayMap,
  type ProgramObject,
  RingBufferMap,
  Table,
} from '@skep/bytecode';
import type { MapDeclaration } from '@skep/ebpf';
import { DECIDED, datapathMaps, events, masqueradeMaps, policies } from './maps.ts';
import { decidedProgram, type NodeConstants } from './programs.ts';

/** A machine with all maps of the datapath, and the programs that decide in their slots. */
export class MachineTables {
  private readonly machine: Machine;

  constructor(node: NodeConstants, options: MachineOptions = {}) {
    this.machine = new Machine({ ...options, ticksPerSecond: node.jiffiesPerSecond });
    for (const map of [...datapathMaps, ...masqueradeMaps]) this.machine.createMap(mapShapeOf(map));
    this.setPolicy(DECIDED, decidedProgram(node));
  }

  update(map: MapDeclaration, key: Uint8Array, value: Uint8Array): void {
    this.table(map).update(key, value);
  }

  lookup(map: MapDeclaration, key: Uint8Array): Uint8Array | undefined {
    return this.table(map).lookup(key);
  }

  delete(map: MapDeclaration, key: Uint8Array): void {
    this.table(map).delete(key);
  }

  entries(map: MapDeclaration): { key: Uint8Array; value: Uint8Array }[] {
    return this.table(map)
      .entries()
      .map(([key, value]) => ({ key, value }));
  }

  setPolicy(slot: number, program: ProgramObject | null): void {
    this.setProgram(policies, slot, program);
  }

  /** Puts a program into a slot of a program array, or empties it. */
  setProgram(array: MapDeclaration, slot: number, program: ProgramObject | null): void {
    const slots = this.machine.map(array.name, ProgramArrayMap);
    if (program) slots.set(slot, this.load(program));
    else slots.delete(slot);
  }

  /** Makes a program ready to run on these tables. */
  load(program: ProgramObject): LoadedProgram {
    return this.machine.load(program);
  }

  /** The datapath's events since the last call, oldest first. */
  takeEvents(): Uint8Array[] {
    return this.machine.map(events.name, RingBufferMap).read();
  }

  private table(map: MapDeclaration): Table {
    return this.machine.map(map.name, Table);
  }
}
