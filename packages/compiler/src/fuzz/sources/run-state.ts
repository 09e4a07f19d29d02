/** What a model remembers while it runs a program, and how statements leave. */

/** The entries of a table: keys and values in hexadecimal text and bytes. */
export type ModelTable = Map<string, Uint8Array>;

/** Everything that a program can change. */
export interface Run {
  readonly packet: Uint8Array;
  /** Variables and parameters, by their names, which no two of a program share. */
  readonly integers: Map<string, bigint>;
  readonly booleans: Map<string, boolean>;
  /** Structs in scope: of the packet, of maps, on the stack. */
  readonly objects: Map<string, Uint8Array>;
  /** Tables by the names of their declarations; inner maps as `slots 0`. */
  readonly tables: Readonly<Record<string, ModelTable>>;
  /** Queue and stack, the oldest first. */
  readonly sequences: Readonly<Record<string, Uint8Array[]>>;
  readonly events: Uint8Array[];
  /** Turns of loops that are left: a program of more is not worth running. */
  turns: number;
}

/** Thrown to leave nested statements. */
export class Returned {
  constructor(readonly value: bigint) {}
}
/** Thrown by a tail call. */
export class TailCalled {}
/** Thrown by `break` and `continue`. */
export class Left {
  constructor(
    readonly label: string,
    readonly how: 'break' | 'continue',
  ) {}
}
/** Thrown where a program turns too often. */
export class TooManyTurns extends Error {}

/** An integer that lies in memory. */
export interface IntegerLayout {
  readonly size: number;
  readonly isSigned: boolean;
  readonly isBigEndian: boolean;
}

/** Reads the integer at `offset`. */
export function readInteger(bytes: Uint8Array, offset: number, layout: IntegerLayout): bigint {
  let value = 0n;
  for (let at = 0; at < layout.size; at++) {
    const index = layout.isBigEndian ? at : layout.size - 1 - at;
    value = (value << 8n) | BigInt(bytes[offset + index]!);
  }
  return layout.isSigned ? BigInt.asIntN(layout.size * 8, value) : value;
}

/** Writes the low bytes of the integer at `offset`. */
export function writeInteger(
  bytes: Uint8Array,
  offset: number,
  layout: IntegerLayout,
  value: bigint,
): void {
  for (let at = 0; at < layout.size; at++) {
    const index = layout.isBigEndian ? layout.size - 1 - at : at;
    bytes[offset + index] = Number((value >> BigInt(8 * at)) & 0xffn);
  }
}
