/** Packet tables on the machine: no kernel, no rights. */
import type { MachineOptions, ProgramObject } from '@skep/bytecode';
import { MachineTables } from '../machine-tables.ts';
import type { Delivery, HookName, UplinkHookName } from './engine.ts';
import {
  carryAtUplinkByProgram,
  carryByProgram,
  type ProgramEngine,
  type ProgramResult,
} from './program-engine.ts';
import { NODE, TEST_INTERFACE, type TrialEndpoint } from './world.ts';

const START_NANOSECONDS = 1_000_000_000_000n;

/** Tables and programs of its own on the machine. */
export class MachineEngine extends MachineTables implements ProgramEngine {
  readonly name = 'machine';
  private readonly added: { nanoseconds: bigint };

  /** @param options the clock stands still unless one is given */
  constructor({ clock = () => START_NANOSECONDS, ...options }: MachineOptions = {}) {
    const added = { nanoseconds: 0n };
    super(NODE, { ...options, clock: () => clock() + added.nanoseconds });
    this.added = added;
  }

  carry(hook: HookName, endpoint: TrialEndpoint, frame: Uint8Array): Delivery {
    return carryByProgram(this, hook, endpoint, frame);
  }

  carryAtUplink(hook: UplinkHookName, frame: Uint8Array): Delivery {
    return carryAtUplinkByProgram(this, hook, frame);
  }

  run(program: ProgramObject, packet: Uint8Array): ProgramResult {
    const context = { ifindex: TEST_INTERFACE };
    const { returnValue, packet: out, redirect } = this.load(program).run({ packet, context });
    const result = { action: returnValue, packet: out };
    if (!redirect || redirect.kind === 'neighbour') return result;
    return { ...result, redirect: { kind: redirect.kind, interfaceIndex: redirect.ifindex } };
  }

  advanceSeconds(seconds: number): void {
    this.added.nanoseconds += BigInt(seconds) * 1_000_000_000n;
  }

  settle(): void {}

  close(): void {}
}
