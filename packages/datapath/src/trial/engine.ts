/** Where a packet table can be run. All engines run the same bytecode and must agree. */
import type { ProgramObject } from '@skep/bytecode';
import type { MapDeclaration } from '@skep/ebpf';

/** What became of one packet. */
export interface EngineResult {
  /** A TC_ACT_* number. */
  readonly action: number;
  /** The packet as the program left it. */
  readonly packet: Uint8Array;
  /** Where to, as far as the engine can tell. */
  readonly redirect?: { readonly kind: 'redirect' | 'peer'; readonly interfaceIndex: number };
}

/** Tables, policy programs, and packets that run through the hooks. */
export interface Engine {
  readonly name: string;
  update(map: MapDeclaration, key: Uint8Array, value: Uint8Array): void;
  delete(map: MapDeclaration, key: Uint8Array): void;
  entries(map: MapDeclaration): { key: Uint8Array; value: Uint8Array }[];
  /** Puts a policy program into its slot, or empties it. */
  setPolicy(slot: number, program: ProgramObject | null): void;
  run(program: ProgramObject, packet: Uint8Array): EngineResult;
  /** The datapath's events since the last call, oldest first. */
  takeEvents(): Uint8Array[];
  /** Lets time pass, where the engine can. */
  advanceSeconds?(seconds: number): void;
  /** Empties conntrack, so that rows do not see each other's flows. */
  forgetFlows(): void;
  close(): void;
}
