/** Packet tables in the kernel, by `BPF_PROG_TEST_RUN`: nothing is attached anywhere. */
import { testRunTc } from '@skep/bpf';
import type { ProgramObject } from '@skep/bytecode';
import type { Delivery, HookName, UplinkHookName } from './engine.ts';
import { KernelTables } from './kernel-tables.ts';
import {
  carryAtUplinkByProgram,
  carryByProgram,
  type ProgramEngine,
  type ProgramResult,
} from './program-engine.ts';
import type { TrialEndpoint } from './world.ts';

/** Programs run on packets that the kernel makes of bytes. */
export class KernelEngine extends KernelTables implements ProgramEngine {
  readonly name = 'kernel';

  carry(hook: HookName, endpoint: TrialEndpoint, frame: Uint8Array): Delivery {
    return carryByProgram(this, hook, endpoint, frame);
  }

  carryAtUplink(hook: UplinkHookName, frame: Uint8Array): Delivery {
    return carryAtUplinkByProgram(this, hook, frame);
  }

  run(program: ProgramObject, packet: Uint8Array): ProgramResult {
    const { returnValue, packet: out } = testRunTc(this.load(program), { packet });
    return { action: returnValue | 0, packet: out };
  }

  settle(): void {}
}
