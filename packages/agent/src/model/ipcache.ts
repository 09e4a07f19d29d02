/** The ipcache: what each address and prefix stands for. */
import { ReservedIdentity } from '@skep/contract';
import { formatPrefix, type Prefix } from '@skep/wire';
import type { DatapathTables } from '../tables/datapath-tables.ts';
import type { SelectorSets } from './selector-sets.ts';

/** Who is at a place, as the node knows it. */
export interface Occupant {
  readonly identity: number;
  /** Of a local endpoint, else 0. */
  readonly endpoint: number;
}

/** One address or prefix as it was written to the tables. */
export interface IpcacheEntry extends Occupant {
  readonly prefix: Prefix;
  readonly selectorSet: number;
  /** Group bits that policy gives it. */
  readonly bits: readonly number[];
  /** These, and those of the agent before, while its programs still run. */
  readonly written: readonly number[];
}

/** Places that another agent has left, with the group bits that its programs test. */
export type InheritedPlaces = ReadonlyMap<string, { prefix: Prefix; bits: readonly number[] }>;

/**
 * What was written of each address and prefix; an entry always points at an existing selector set.
 */
export class Ipcache {
  private readonly entries = new Map<string, IpcacheEntry>();

  constructor(
    private readonly tables: DatapathTables,
    private readonly sets: SelectorSets,
    private inherited: InheritedPlaces = new Map(),
  ) {}

  /** Says what a place stands for; without an occupant it is the world's. */
  write(prefix: Prefix, occupant: Occupant | undefined, bits: readonly number[]): void {
    const key = formatPrefix(prefix);
    const previous = this.entries.get(key);
    const old = this.inherited.get(key)?.bits ?? [];
    const written = [...bits, ...old].sort((left, right) => left - right);
    const selectorSet = this.sets.acquire(written);
    const { identity, endpoint } = occupant ?? world(prefix);
    this.tables.setPlace(prefix, { identity, endpoint, selectorSet });
    this.entries.set(key, { prefix, identity, endpoint, selectorSet, bits, written });
    if (previous) this.sets.release(previous.written);
  }

  delete(prefix: Prefix): void {
    const key = formatPrefix(prefix);
    const previous = this.entries.get(key);
    if (!previous) return;
    this.tables.deletePlace(prefix);
    this.entries.delete(key);
    this.sets.release(previous.written);
  }

  /**
   * The programs of the agent before are gone: so are its bits, and places that nobody has named.
   */
  dropInherited(): void {
    const { inherited } = this;
    this.inherited = new Map();
    for (const [key, { prefix }] of inherited) {
      const entry = this.entries.get(key);
      if (entry) this.write(prefix, entry, entry.bits);
      else this.tables.deletePlace(prefix);
    }
  }

  get(prefix: Prefix): IpcacheEntry | undefined {
    return this.entries.get(formatPrefix(prefix));
  }

  /** How many selector sets are in use, and how many there may be. */
  get selectorSetUse(): { readonly used: number; readonly capacity: number } {
    return this.sets.use;
  }

  list(): IpcacheEntry[] {
    return [...this.entries.values()];
  }
}

/** What nobody has told the node about is the world. */
function world(prefix: Prefix): Occupant {
  const isIpv4 = prefix.address.family === 4;
  return {
    identity: isIpv4 ? ReservedIdentity.WorldIpv4 : ReservedIdentity.WorldIpv6,
    endpoint: 0,
  };
}
