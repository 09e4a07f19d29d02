/** Where the datapath's tables are: pinned in the kernel, or on the machine. */
import type { ProgramObject } from '@skep/bytecode';
import type { MapDeclaration } from '@skep/ebpf';

/** Tables as bytes, laid out as the structs of `contract`. What is not there is `undefined`. */
export interface RawTables {
  /** Adds or replaces. @throws where the table is full */
  update(map: MapDeclaration, key: Uint8Array, value: Uint8Array): void;
  lookup(map: MapDeclaration, key: Uint8Array): Uint8Array | undefined;
  /** A key that is not there is no error. */
  delete(map: MapDeclaration, key: Uint8Array): void;
  entries(map: MapDeclaration): { readonly key: Uint8Array; readonly value: Uint8Array }[];
  /** Loads a policy program into a slot of `policies`, or empties the slot. */
  setPolicy(slot: number, program: ProgramObject | null): void;
}
