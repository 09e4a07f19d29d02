/**
 * From each layout to the next one: what becomes of entries that only packets have written. A table
 * that is not named here keeps its name and kind, and its entries go over by the names of their
 * fields.
 */

import { ConnectionFlag, type Newcomer } from '@skep/contract';
import type { Decoded } from '@skep/ebpf';
import { connections, newcomers } from '../maps.ts';

/** An entry, its fields by the names that they have in its layout, as `codecOf` decodes them. */
export interface LayoutEntry {
  readonly map: string;
  /** `undefined` for the records of a ring buffer. */
  readonly key: unknown;
  /** Of a table with values for each CPU: one of them. */
  readonly value: unknown;
}

/** What becomes of one entry; `undefined`: it ends. */
export type Migrate = (entry: LayoutEntry) => LayoutEntry | undefined;

/** One step from a layout to the one after it. */
export interface Migration {
  /** The number of the older one. */
  readonly from: number;
  /** By table, as it was named. */
  readonly maps: Readonly<Record<string, Migrate>>;
}

/** All steps that this build knows; a layout without a step to the next one is not supported. */
export const migrations: readonly Migration[] = [];

/** The same of the tables of masquerade. */
export const masqueradeMigrations: readonly Migration[] = [];

/**
 * By table of this layout: where its entries go that come from another set of tables, if not into
 * the table of its name. A table whose rows mean something only together takes none of them.
 */
export const arrivals: Readonly<Record<string, Migrate>> = { [newcomers.name]: becomeConnection };

/**
 * Their places are the shadow's own already. What was denied is decided anew; what was allowed
 * would be, too, but a reply cannot begin a flow.
 */
function becomeConnection({ value }: LayoutEntry): LayoutEntry | undefined {
  const { version, isTaken, tuple, connection } = value as Decoded<Newcomer>;
  const isWhole = version % 2 === 0;
  const isKept = isWhole && isTaken && (connection.flags & ConnectionFlag.Denied) === 0;
  return isKept ? { map: connections.name, key: tuple, value: connection } : undefined;
}
