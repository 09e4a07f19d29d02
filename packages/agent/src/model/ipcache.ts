/** The ipcache: what each address and prefix stands for. */
import { ADDRESSES_MAX, PREFIXES_MAX, ReservedIdentity } from '@skep/contract';
import { addresses, prefixes } from '@skep/datapath';
import { formatPrefix, type Prefix } from '@skep/wire';
import { type DatapathTables, isSinglePrefix } from '../tables/datapath-tables.ts';
import type { SelectorSets } from './selector-sets.ts';
import { TableFullError } from './table-full-error.ts';

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

/** A place that a change writes, and the lists of group bits that it is to have on the way. */
export interface PlaceDemand {
  readonly prefix: Prefix;
  readonly bits: readonly (readonly number[])[];
}

/** How many places of either kind the tables have room for. */
export interface IpcacheRoom {
  readonly addresses: number;
  readonly prefixes: number;
}

/**
 * What was written of each address and prefix; an entry always points at an existing selector set.
 */
export class Ipcache {
  private readonly entries = new Map<string, IpcacheEntry>();
  /** How many of them are single addresses. */
  private singles = 0;

  constructor(
    private readonly tables: DatapathTables,
    private readonly sets: SelectorSets,
    private inherited: InheritedPlaces = new Map(),
    private readonly room: IpcacheRoom = { addresses: ADDRESSES_MAX, prefixes: PREFIXES_MAX },
  ) {}

  /**
   * Makes sure that a change finds room: its places beside those that are there, and each list of
   * bits that a place is to have.
   *
   * @returns what to call when it is carried out. @throws TableFullError; nothing is written then
   */
  reserve(demands: readonly PlaceDemand[]): () => void {
    const added = demands.map(({ prefix }) => prefix).filter((prefix) => !this.get(prefix));
    const { addresses: addressesMax, prefixes: prefixesMax } = this.room;
    const single = added.filter(isSinglePrefix).length;
    const found = { addresses: this.singles + single, prefixes: this.entries.size - this.singles };
    found.prefixes += added.length - single;
    if (single > 0 && found.addresses > addressesMax) {
      throw new TableFullError(addresses.name, found.addresses, addressesMax);
    }
    if (added.length > single && found.prefixes > prefixesMax) {
      throw new TableFullError(prefixes.name, found.prefixes, prefixesMax);
    }
    return this.sets.hold(
      demands.flatMap(({ prefix, bits }) => bits.map((each) => this.withInherited(prefix, each))),
    );
  }

  /** Says what a place stands for; without an occupant it is the world's. */
  write(prefix: Prefix, occupant: Occupant | undefined, bits: readonly number[]): void {
    const key = formatPrefix(prefix);
    const previous = this.entries.get(key);
    const written = this.withInherited(prefix, bits);
    const selectorSet = this.sets.acquire(written);
    const { identity, endpoint } = occupant ?? world(prefix);
    this.tables.setPlace(prefix, { identity, endpoint, selectorSet });
    this.entries.set(key, { prefix, identity, endpoint, selectorSet, bits, written });
    if (previous) this.sets.release(previous.written);
    else if (isSinglePrefix(prefix)) this.singles++;
  }

  delete(prefix: Prefix): void {
    const key = formatPrefix(prefix);
    const previous = this.entries.get(key);
    if (!previous) return;
    this.tables.deletePlace(prefix);
    this.entries.delete(key);
    if (isSinglePrefix(prefix)) this.singles--;
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

  private withInherited(prefix: Prefix, bits: readonly number[]): readonly number[] {
    if (this.inherited.size === 0) return bits;
    const old = this.inherited.get(formatPrefix(prefix))?.bits ?? [];
    return [...bits, ...old].sort((left, right) => left - right);
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
