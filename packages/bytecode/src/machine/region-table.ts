/** What generated code may know of regions; the interpreter needs no such table. */

/** The part of a region that a row of the table is made of. */
export interface TableRegion {
  readonly number: number;
  readonly kind: string;
  readonly bytes: Uint8Array;
  /** What the table knows of where the bytes lie. */
  place: number | undefined;
  readonly begin: number;
  readonly end: number;
  readonly isWritable: boolean;
  readonly goneBecause: string;
}

/** Rows by the number of a region. */
export interface RegionTable {
  /** Lets generated code reach the region; `origin` is the low word of its byte 0. */
  publish(region: TableRegion, origin: number): void;
  /** From now on every access is the interpreter's, which says why it may not be. */
  withdraw(region: TableRegion): void;
  /** Empties rows. */
  clear(begin: number, end: number): void;
}
