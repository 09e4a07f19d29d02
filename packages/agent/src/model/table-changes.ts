/**
 * How a change of policy becomes the datapath's tables.
 *
 * Order of every change (see `PolicyChanges` of `@skep/policy`): what restricts, then programs,
 * then what grants; so at no instant does half of a change decide.
 */
import { HOST_SUBJECT, ReservedIdentity } from '@skep/contract';
import type { GroupId, PlaceChange, PolicyChanges, PolicySet } from '@skep/policy';
import { type Address, singlePrefix } from '@skep/wire';
import type { CompiledSubject, DatapathTables } from '../tables/datapath-tables.ts';
import { endpointIdOf, HOST, type KnownEndpoint } from './endpoint-facts.ts';
import type { Generation } from './generation.ts';
import type { Ipcache, Occupant } from './ipcache.ts';
import type { Numbers } from './numbers.ts';

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
}

/** Compiles and writes what has changed. */
export class TableChanges {
  private changes = 0;

  constructor(private readonly parts: TableChangesParts) {}

  /** Grows with every change that may concern a decision. */
  get count(): number {
    return this.changes;
  }

  /** Compiles what is to be swapped in: nothing is written while something may still be refused. */
  prepare(changes: PolicyChanges): { swaps: Swap[]; refused: Refusal[] } {
    const { tables, subjects, half } = this.parts;
    const swaps: Swap[] = [];
    const refused: Refusal[] = [];
    for (const { key, table } of changes.subjects) {
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

  /** @param onSwapped is called when the new programs decide and nothing is granted yet */
  carryOut(changes: PolicyChanges, swaps: readonly Swap[], onSwapped: () => void = () => {}): void {
    const { tables, policy, ipcache, nextRevision } = this.parts;
    this.changes++;
    const isSwapped = changes.subjects.length > 0;
    if (isSwapped) {
      // A place that goes is written as well: new code must not find old bits at it.
      for (const place of changes.places) this.writePlace(place, place.before);
      this.writeTouchedEndpoints(changes);
    }
    for (const { subject, compiled } of swaps) {
      tables.setSubject(subject, compiled, nextRevision());
    }
    onSwapped();
    for (const place of changes.places) {
      if (place.kind === 'removed') {
        if (place.prefix) ipcache.delete(place.prefix);
      } else if (!isSwapped || !isSame(place.before, place.after)) {
        this.writePlace(place, place.after);
      }
    }
    this.writeTouchedEndpoints(changes);
    // An address that comes or goes stands for something else than it did: for the world, or an
    // endpoint.
    const isMoved = changes.places.some((place) => place.kind !== 'changed');
    if (changes.isMembershipChanged || isMoved) this.bumpMembership();
    policy.release(changes.groupsReleased);
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

  private writePlace({ prefix, peerKey }: PlaceChange, groups: readonly GroupId[]): void {
    if (!prefix) return;
    const occupant = peerKey === undefined ? undefined : this.occupantOf(peerKey);
    this.parts.ipcache.write(prefix, occupant, this.parts.half.bitsOf(groups));
  }

  /** The rows of endpoints whose selector sets have changed, or that are new. */
  private writeTouchedEndpoints(changes: PolicyChanges): void {
    const touched = new Set(changes.places.map((place) => place.peerKey));
    for (const peer of touched) {
      const endpoint =
        peer === undefined ? undefined : this.parts.endpoints.get(endpointIdOf(peer));
      if (endpoint) this.writeEndpoint(endpoint);
    }
  }
}

function isSame(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((each, index) => each === right[index]);
}
