/** The datapath's tables, as packet trials read and write them on every engine. */
import type { ProgramObject } from '@skep/bytecode';
import type { MapDeclaration } from '@skep/ebpf';

/** Tables as bytes, laid out as the structs of `contract`, and the policy programs. */
export interface TrialTables {
  update(map: MapDeclaration, key: Uint8Array, value: Uint8Array): void;
  lookup(map: MapDeclaration, key: Uint8Array): Uint8Array | undefined;
  delete(map: MapDeclaration, key: Uint8Array): void;
  entries(map: MapDeclaration): { readonly key: Uint8Array; readonly value: Uint8Array }[];
  /** Puts a policy program into its slot, or empties it. */
  setPolicy(slot: number, program: ProgramObject | null): void;
  /** The datapath's events since the last call, oldest first. */
  takeEvents(): Uint8Array[];
  /** Flows are as old afterwards as if so much time had passed. */
  advanceSeconds(seconds: number): void;
  close(): void;
}
