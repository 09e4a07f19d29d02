/**
 * How a change of policy becomes the datapath's tables.
 *
 * Order of every change (see `PolicyChanges` of `@skep/policy`): what restricts, then programs,
 * then what grants; so at no instant does half of a change decide.
 */
import { HOST_SUBJECT, ReservedIdentity } from '@skep/contract';
import type { GroupId, PlaceChange, PolicyChanges, PolicySet } from '@skep/policy';
import { type Address, formatPrefix, singlePrefix } from '@skep/wire';
import type { CompiledSubject, DatapathTables } from '../tables/datapath-tables.ts';
import { endpointIdOf, HOST, type KnownEndpoint } from './endpoint-facts.ts';
import type { Generation } from './generation.ts';
import type { Ipcache, Occupant, PlaceDemand } from './ipcache.ts';
import type { Numbers } from './numbers.ts';
import { TableFullError } from './table-full-error.ts';

/** Rules of one subject that are ready to be swapped in. */
export interface Swap {
  readonly subject: number;
  readonly compiled: CompiledSubject;
}

/** Rules of one subject that cannot be carried out. */
export interface Refusal {
  readonly subject: number;
  readonly cause: Error;
}

/** A change that can be carried out, or why not. */
export interface Prepared {
  readonly swaps: readonly Swap[];
  readonly refused: readonly Refusal[];
  /** Tables have no room for it. */
  readonly noRoom?: TableFullError;
  /** What is held for it is let go. */
  readonly letGo: () => void;
}

/** What is written to, and what says how. */
export interface TableChangesParts {
  readonly tables: DatapathTables;
  readonly policy: PolicySet;
  readonly ipcache: Ipcache;
  readonly half: Generation;
  readonly subjects: Numbers;
  /** By id. */
  readonly endpoints: ReadonlyMap<number, KnownEndpoint>;
  /** A number that was never given before on these tables. */
  readonly nextRevision: () => number;
  /** Lets nothing pass. */
  readonly close: (subject: number) => void;
}

/** Why rules that were in force are no more. */
const NO_WAY = 'there is no room to go back to the rules of before: nothing passes there';

/** Compiles and writes what has changed. */
export class TableChanges {
  private changes = 0;
  private readonly closed = new Map<number, Error>();

  constructor(private readonly parts: TableChangesParts) {}

  /** Grows with every change that may concern a decision. */
  get count(): number {
    return this.changes;
  }

  /** Subjects that are closed since their rules cannot be carried out, until others are. */
  get refused(): readonly Refusal[] {
    return [...this.closed].map(([subject, cause]) => ({ subject, cause }));
  }

  /** Rules that cannot be carried out. */
  close({ subject, cause }: Refusal): void {
    this.closed.set(subject, cause);
    this.parts.close(subject);
  }

  /** A subject that nobody is any more. */
  forget(subject: number): void {
    this.closed.delete(subject);
  }

  /** Compiles what is to be swapped in: nothing is written while something may still be refused. */
  prepare(changes: PolicyChanges): Prepared {
    const { ipcache, half } = this.parts;
    const compiled = this.compile(changes.subjects);
    if (compiled.refused.length > 0) return { ...compiled, letGo: () => {} };
    const demands = changes.places.flatMap(({ prefix, kind, before, after }): PlaceDemand[] => {
      if (!prefix || (kind === 'removed' && !ipcache.get(prefix))) return [];
      return [{ prefix, bits: [half.bitsOf(before), half.bitsOf(after)] }];
    });
    try {
      return { ...compiled, letGo: ipcache.reserve(demands) };
    } catch (error) {
      if (!(error instanceof TableFullError)) throw error;
      return { ...compiled, noRoom: error, letGo: () => {} };
    }
  }

  /** @param onSwapped is called when the new programs decide and nothing is granted yet */
  carryOut(changes: PolicyChanges, prepared: Prepared, onSwapped: () => void = () => {}): void {
    try {
      this.write(changes, prepared.swaps, onSwapped);
    } finally {
      prepared.letGo();
    }
  }

  /**
   * After a change was refused and taken back from the policy set: the same rules as before are in
   * force, but their groups may have other numbers now.
   *
   * Each place has the bits of both numbers while programs are exchanged: old programs test the old
   * ones, new programs the new ones, and both mean the same peers.
   *
   * @param all the change that was refused, which nobody has carried out, and those that took it
   *   back
   * @returns what could not be restored; its subjects are closed
   */
  restore(all: readonly PolicyChanges[]): Refusal[] {
    const { policy, ipcache, half } = this.parts;
    const keys = new Set(all.flatMap((each) => each.subjects.map(({ key }) => key)));
    const { swaps, refused } = this.compile(
      [...keys].flatMap((key) => {
        const table = policy.table(key);
        return table ? [{ key, table }] : [];
      }),
    );
    const last = new Map<string, PlaceChange>();
    for (const place of all.flatMap((each) => each.places)) {
      if (place.prefix) last.set(formatPrefix(place.prefix), place);
    }
    const places = [...last.values()].filter(({ prefix }) => ipcache.get(prefix!));
    const both = places.map((place) => {
      const known = ipcache.get(place.prefix!)!.bits;
      return { place, bits: [...new Set([...known, ...half.bitsOf(place.after)])].sort(ascending) };
    });
    this.changes++;
    const letGo = this.hold(both);
    const closed = letGo ? [] : swaps.map(({ subject }) => ({ subject, cause: new Error(NO_WAY) }));
    const lost = [...refused, ...closed];
    for (const each of lost) this.close(each);
    for (const { place, bits } of letGo ? both : []) this.writeBits(place, bits);
    this.writeTouchedEndpoints(places);
    this.swap(letGo ? swaps : []);
    for (const place of places) this.writePlace(place, place.after);
    this.writeTouchedEndpoints(places);
    letGo?.();
    this.bumpMembership();
    policy.release(all.flatMap((each) => each.groupsReleased));
    return lost;
  }

  /** As `Ipcache.reserve`; `undefined` where there is no room. */
  private hold(both: readonly { place: PlaceChange; bits: readonly number[] }[]) {
    const { ipcache, half } = this.parts;
    const demands = both.map(({ place, bits }) => {
      return { prefix: place.prefix!, bits: [bits, half.bitsOf(place.after)] };
    });
    try {
      return ipcache.reserve(demands);
    } catch (error) {
      if (!(error instanceof TableFullError)) throw error;
      return undefined;
    }
  }

  private compile(changes: PolicyChanges['subjects']): { swaps: Swap[]; refused: Refusal[] } {
    const { tables, subjects, half } = this.parts;
    const swaps: Swap[] = [];
    const refused: Refusal[] = [];
    for (const { key, table } of changes) {
      const subject = key === HOST ? HOST_SUBJECT : subjects.numberOf(key);
      if (subject === undefined) continue;
      try {
        swaps.push({ subject, compiled: tables.compile(subject, half.tableOf(table)) });
      } catch (error) {
        refused.push({ subject, cause: error instanceof Error ? error : new Error(String(error)) });
      }
    }
    return { swaps, refused };
  }

  private write(changes: PolicyChanges, swaps: readonly Swap[], onSwapped: () => void): void {
    const { policy, ipcache } = this.parts;
    this.changes++;
    const isSwapped = changes.subjects.length > 0;
    if (isSwapped) {
      // A place that goes is written as well: new code must not find old bits at it.
      for (const place of changes.places) this.writePlace(place, place.before);
      this.writeTouchedEndpoints(changes.places);
    }
    this.swap(swaps);
    onSwapped();
    for (const place of changes.places) {
      if (place.kind === 'removed') {
        if (place.prefix) ipcache.delete(place.prefix);
      } else if (!isSwapped || !isSame(place.before, place.after)) {
        this.writePlace(place, place.after);
      }
    }
    this.writeTouchedEndpoints(changes.places);
    // An address that comes or goes stands for something else than it did: for the world, or an
    // endpoint.
    const isMoved = changes.places.some((place) => place.kind !== 'changed');
    if (changes.isMembershipChanged || isMoved) this.bumpMembership();
    policy.release(changes.groupsReleased);
  }

  private swap(swaps: readonly Swap[]): void {
    const { tables, nextRevision } = this.parts;
    for (const { subject, compiled } of swaps) {
      tables.setSubject(subject, compiled, nextRevision());
      this.closed.delete(subject);
    }
  }

  /** The row that the programs find an endpoint by. */
  writeEndpoint(endpoint: KnownEndpoint): void {
    const { tables, ipcache } = this.parts;
    const setOf = (address: Address | undefined): number =>
      (address && ipcache.get(singlePrefix(address))?.selectorSet) ?? 0;
    tables.setEndpoint(endpoint.id, {
      ...endpoint,
      selectorSet4: setOf(endpoint.ipv4),
      selectorSet6: setOf(endpoint.ipv6),
    });
  }

  /** Every flow is decided anew at its next packet. */
  bumpMembership(): void {
    this.parts.tables.setMembershipRevision(this.parts.nextRevision());
  }

  /** Who is at the places of a peer; nobody that the node knows where it is `undefined`. */
  occupantOf(peer: string): Occupant | undefined {
    if (peer === HOST) return { identity: ReservedIdentity.Host, endpoint: 0 };
    const endpoint = this.parts.endpoints.get(endpointIdOf(peer));
    return endpoint && { identity: endpoint.identity, endpoint: endpoint.id };
  }

  private writePlace(place: PlaceChange, groups: readonly GroupId[]): void {
    this.writeBits(place, this.parts.half.bitsOf(groups));
  }

  private writeBits({ prefix, peerKey, kind }: PlaceChange, bits: readonly number[]): void {
    const { ipcache } = this.parts;
    // What goes and never came is not worth a row in between.
    if (!prefix || (kind === 'removed' && !ipcache.get(prefix))) return;
    const occupant = peerKey === undefined ? undefined : this.occupantOf(peerKey);
    ipcache.write(prefix, occupant, bits);
  }

  /** The rows of endpoints whose selector sets have changed, or that are new. */
  private writeTouchedEndpoints(places: readonly PlaceChange[]): void {
    const touched = new Set(places.map((place) => place.peerKey));
    for (const peer of touched) {
      const endpoint =
        peer === undefined ? undefined : this.parts.endpoints.get(endpointIdOf(peer));
      if (endpoint) this.writeEndpoint(endpoint);
    }
  }
}

function ascending(left: number, right: number): number {
  return left - right;
}

function isSame(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((each, index) => each === right[index]);
}
