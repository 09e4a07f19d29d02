/** Packet tables on the machine: no kernel, no rights. */
import {
  Machine,
  mapShapeOf,
  ProgramArrayMap,
  type ProgramObject,
  RingBufferMap,
  Table,
} from '@skep/bytecode';
import type { MapDeclaration } from '@skep/ebpf';
import * as maps from '../maps.ts';
import { decidedProgram } from '../programs.ts';
import type { Engine, EngineResult } from './engine.ts';
import { NODE, TEST_INTERFACE } from './world.ts';

const START_NANOSECONDS = 1_000_000_000_000n;

/** Tables and programs of its own on the machine, whose clock stands still. */
export class MachineEngine implements Engine {
  readonly name = 'machine';
  private nanoseconds = START_NANOSECONDS;
  private readonly machine = new Machine({
    clock: () => this.nanoseconds,
    ticksPerSecond: NODE.jiffiesPerSecond,
  });

  constructor() {
    for (const map of maps.datapathMaps) this.machine.createMap(mapShapeOf(map));
    this.setPolicy(maps.DECIDED, decidedProgram(NODE));
  }

  update(map: MapDeclaration, key: Uint8Array, value: Uint8Array): void {
    this.table(map).update(key, value);
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
    const policies = this.machine.map(maps.policies.name, ProgramArrayMap);
    if (program) policies.set(slot, this.machine.load(program));
    else policies.delete(slot);
  }

  run(program: ProgramObject, packet: Uint8Array): EngineResult {
    const context = { ifindex: TEST_INTERFACE };
    const result = this.machine.load(program).run({ packet, context });
    const { redirect } = result;
    const isKnown = redirect && redirect.kind !== 'neighbour';
    return {
      action: result.returnValue,
      packet: result.packet,
      ...(isKnown
        ? {
            redirect: {
              kind: redirect.kind as 'redirect' | 'peer',
              interfaceIndex: redirect.ifindex,
            },
          }
        : {}),
    };
  }

  takeEvents(): Uint8Array[] {
    return this.machine.map(maps.events.name, RingBufferMap).read();
  }

  advanceSeconds(seconds: number): void {
    this.nanoseconds += BigInt(seconds) * 1_000_000_000n;
  }

  forgetFlows(): void {
    for (const map of [maps.connections, maps.newcomers, maps.fragments]) {
      for (const { key } of this.entries(map)) this.delete(map, key);
    }
  }

  close(): void {}

  private table(map: MapDeclaration): Table {
    return this.machine.map(map.name, Table);
  }
}
