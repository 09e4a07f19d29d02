/** The ipcache: what each address and prefix stands for. */
import { ReservedIdentity } from '@skep/contract';
import type { GroupId, PlaceChange } from '@skep/policy';
import { formatPrefix, type Prefix } from '@skep/wire';
import type { DatapathTables } from '../tables/datapath-tables.ts';
import type { SelectorSets } from './selector-sets.ts';

/** Who is at a place, as the node knows it. */
export interface Occupant {
  readonly identity: number;
  /** Of a local endpoint, else 0. */
  readonly endpoint: number;
}

export interface IpcacheEntry extends Occupant {
  readonly prefix: Prefix;
  readonly groups: readonly GroupId[];
  readonly selectorSet: number;
}

export class Ipcache {
  private readonly entries = new Map<string, IpcacheEntry>();

  constructor(
    private readonly tables: DatapathTables,
    private readonly sets: SelectorSets,
    /** Who has the peer key; only prefixes that rules name have none. */
    private readonly occupantOf: (peerKey: string) => Occupant | undefined,
  ) {}

  /** Writes what a place is before, or after, the rules are swapped. */
  write(change: PlaceChange, groups: readonly GroupId[]): void {
    const { prefix, peerKey } = change;
    if (!prefix) return;
    const occupant = peerKey === undefined ? world(prefix) : this.occupantOf(peerKey);
    this.set(prefix, occupant ?? world(prefix), groups);
  }

  set(prefix: Prefix, occupant: Occupant, groups: readonly GroupId[]): void {
    const key = formatPrefix(prefix);
    const previous = this.entries.get(key);
    const selectorSet = this.sets.acquire(groups);
    const entry = { prefix, groups, selectorSet, ...occupant };
    this.tables.setPlace(prefix, { ...occupant, selectorSet });
    this.entries.set(key, entry);
    if (previous) this.sets.release(previous.groups);
  }

  delete(prefix: Prefix): void {
    const key = formatPrefix(prefix);
    const previous = this.entries.get(key);
    if (!previous) return;
    this.tables.deletePlace(prefix);
    this.entries.delete(key);
    this.sets.release(previous.groups);
  }

  get(prefix: Prefix): IpcacheEntry | undefined {
    return this.entries.get(formatPrefix(prefix));
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
