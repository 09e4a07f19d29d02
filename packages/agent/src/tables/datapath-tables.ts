/** The datapath's tables in the words of the contract; what is behind them does not matter. */
import type { ProgramObject } from '@skep/bytecode';
import {
  Direction,
  EndpointEntry,
  Enforced,
  HOST_SUBJECT,
  NodeEntry,
  PEER_GROUPS_MAX,
  PeerEntry,
  PrefixKey,
  SelectorSet,
  SubjectEntry,
} from '@skep/contract';
import {
  addresses,
  endpoints,
  ensureHashKey,
  interfaces,
  isEnforced,
  nodeState,
  policyProgram,
  prefixes,
  selectorSets,
  subjects,
  toMacWords,
  toPrefixKey,
  toWords,
} from '@skep/datapath';
import { codecOf, type Decoded, u32 } from '@skep/ebpf';
import type { DecisionTable, DirectionTable } from '@skep/policy';
import { type Address, Ipv6Address, type Prefix } from '@skep/wire';
import { type Tell, tellNobody, timed } from '../telemetry/occurrence.ts';
import type { RawTables } from './raw-tables.ts';

/** What a place of the ipcache says. */
export interface Place {
  readonly identity: number;
  readonly selectorSet: number;
  /** The local endpoint's id, or 0. */
  readonly endpoint: number;
}

/** One local endpoint, as the programs know it. */
export interface EndpointRow {
  /** Of the host's end of its device. */
  readonly interfaceIndex: number;
  readonly identity: number;
  readonly selectorSet4: number;
  readonly selectorSet6: number;
  readonly subject: number;
  /** 6 bytes each. */
  readonly mac: Uint8Array;
  readonly gatewayMac: Uint8Array;
  readonly ipv4?: Address;
  readonly ipv6?: Address;
}

/** The programs of one subject; `null` for a direction in which nothing is enforced. */
export interface CompiledSubject {
  readonly ingress: ProgramObject | null;
  readonly egress: ProgramObject | null;
}

/** Writes what the model says in the shapes of `contract`: keys, values and policy programs. */
export class DatapathTables {
  /** Members of `Enforced` that the rules of the node ask for. */
  private hostEnforced = 0;

  constructor(
    private readonly raw: RawTables,
    private readonly tell: Tell = tellNobody,
  ) {
    ensureHashKey(raw);
  }

  setEndpoint(id: number, row: EndpointRow): void {
    const value = codecOf(EndpointEntry).encode({
      interfaceIndex: row.interfaceIndex,
      identity: row.identity,
      selectorSet4: row.selectorSet4,
      selectorSet6: row.selectorSet6,
      address4: row.ipv4 ? toWords(row.ipv4) : NO_ADDRESS,
      address6: row.ipv6 ? toWords(row.ipv6) : NO_ADDRESS,
      mac: toMacWords(row.mac),
      gatewayMac: toMacWords(row.gatewayMac),
      subject: row.subject,
      padding: 0,
    });
    this.raw.update(endpoints, indexKey(id), value);
    this.raw.update(interfaces, indexKey(row.interfaceIndex), codecOf(u32).encode(id));
  }

  /**
   * The id means nobody from now on: what its interface sends or is to get is dropped. The row that
   * leads to the interface goes last, so that whoever is interrupted finds it again.
   */
  clearEndpoint(id: number): void {
    const key = indexKey(id);
    const row = this.raw.lookup(endpoints, key);
    const { interfaceIndex } = row ? codecOf(EndpointEntry).decode(row) : { interfaceIndex: 0 };
    if (interfaceIndex !== 0 && this.endpointBehind(interfaceIndex) === id) {
      this.raw.update(interfaces, indexKey(interfaceIndex), codecOf(u32).encode(0));
    }
    this.raw.update(endpoints, key, new Uint8Array(EndpointEntry.size));
  }

  /** Rows that another agent has left of endpoints that are not known: nothing of theirs passes. */
  clearUnknownEndpoints(known: ReadonlySet<number>): void {
    for (const { key, value } of this.raw.entries(endpoints)) {
      const id = codecOf(u32).decode(key);
      if (!known.has(id) && value.some((byte) => byte !== 0)) this.clearEndpoint(id);
    }
  }

  /** Subjects that another agent has left and nobody is: they are closed, without programs. */
  clearUnknownSubjects(known: ReadonlySet<number>, nextRevision: () => number): void {
    for (const { key, value } of this.raw.entries(subjects)) {
      const subject = codecOf(u32).decode(key);
      if (subject === 0 || known.has(subject) || value.every((byte) => byte === 0)) continue;
      this.closeSubject(subject, nextRevision());
    }
  }

  /** Single addresses go to the hash, shorter prefixes to the trie. */
  setPlace(prefix: Prefix, place: Place): void {
    const value = codecOf(PeerEntry).encode({ ...place, padding: 0 });
    if (isSinglePrefix(prefix)) this.raw.update(addresses, addressKey(prefix.address), value);
    else this.raw.update(prefixes, codecOf(PrefixKey).encode(toPrefixKey(prefix)), value);
  }

  deletePlace(prefix: Prefix): void {
    if (isSinglePrefix(prefix)) this.raw.delete(addresses, addressKey(prefix.address));
    else this.raw.delete(prefixes, codecOf(PrefixKey).encode(toPrefixKey(prefix)));
  }

  /** Which group bits the peers with this set have. */
  setSelectorSet(index: number, bits: readonly number[]): void {
    const words = new Array<bigint>(PEER_GROUPS_MAX / 64).fill(0n);
    for (const bit of bits) words[bit >> 6]! |= 1n << BigInt(bit & 63);
    this.raw.update(selectorSets, indexKey(index), codecOf(SelectorSet).encode({ words }));
  }

  /**
   * Makes the programs of a subject's rules; writes nothing.
   *
   * @throws PolicySizeError
   */
  compile(subject: number, table: DecisionTable): CompiledSubject {
    return timed(
      () => ({
        ingress: this.program(`ingress_${subject}`, table.ingress, Direction.Ingress),
        egress: this.program(`egress_${subject}`, table.egress, Direction.Egress),
      }),
      (milliseconds) => this.tell({ kind: 'rules compiled', milliseconds }),
    );
  }

  /**
   * Swaps a subject's rules: new programs, then the flags that ask for them with the revision that
   * ends what was remembered, then away with programs that nobody asks for any more.
   */
  setSubject(subject: number, { ingress, egress }: CompiledSubject, revision: number): void {
    const slot = subject * 2;
    if (ingress) this.raw.setPolicy(slot, ingress);
    if (egress) this.raw.setPolicy(slot + 1, egress);
    const enforced = (ingress ? Enforced.Ingress : 0) | (egress ? Enforced.Egress : 0);
    if (subject === HOST_SUBJECT) this.hostEnforced = enforced;
    this.writeSubject(subject, revision, enforced | followed(subject, enforced));
    if (!ingress) this.raw.setPolicy(slot, null);
    if (!egress) this.raw.setPolicy(slot + 1, null);
  }

  /** Flows of the node are looked at, and nothing is denied. */
  followHost(revision: number): void {
    this.writeSubject(HOST_SUBJECT, revision, Enforced.Followed);
  }

  /** Flows of the node are looked at, and its rules decide, if it has some. */
  enforceHost(revision: number): void {
    this.writeSubject(HOST_SUBJECT, revision, this.hostEnforced | Enforced.Followed);
  }

  /** Flows of the node are not looked at, unless it has rules. */
  leaveHost(revision: number): void {
    const enforced = this.hostEnforced;
    this.writeSubject(HOST_SUBJECT, revision, enforced | followed(HOST_SUBJECT, enforced));
  }

  /** A subject without rules that could be carried out, or none yet: nothing passes. */
  closeSubject(subject: number, revision: number): void {
    this.writeSubject(subject, revision, Enforced.Ingress | Enforced.Egress);
    this.raw.setPolicy(subject * 2, null);
    this.raw.setPolicy(subject * 2 + 1, null);
  }

  /** Every flow is decided anew at its next packet. */
  setMembershipRevision(membershipRevision: number): void {
    const value = codecOf(NodeEntry).encode({ membershipRevision, padding: 0 });
    this.raw.update(nodeState, indexKey(0), value);
  }

  private program(name: string, table: DirectionTable, direction: Direction): ProgramObject | null {
    return isEnforced(table) ? policyProgram(name, table, direction) : null;
  }

  private endpointBehind(interfaceIndex: number): number {
    const row = this.raw.lookup(interfaces, indexKey(interfaceIndex));
    return row ? codecOf(u32).decode(row) : 0;
  }

  /**
   * A program reads the revision first. What is enforced is there before the revision says so, or a
   * flow could be let through as before and remembered as decided by the new rules.
   */
  private writeSubject(subject: number, revision: number, enforced: number): void {
    const key = indexKey(subject);
    const write = (entry: Decoded<SubjectEntry>): void => {
      this.raw.update(subjects, key, codecOf(SubjectEntry).encode(entry));
    };
    const row = this.raw.lookup(subjects, key);
    const before = row ? codecOf(SubjectEntry).decode(row) : { revision: 0, enforced: 0 };
    if (before.enforced !== enforced) write({ revision: before.revision, enforced });
    write({ revision, enforced });
  }
}

/** Rules of the node are in force at uplinks only where its flows are looked at. */
function followed(subject: number, enforced: number): number {
  return subject === HOST_SUBJECT && enforced !== 0 ? Enforced.Followed : 0;
}

const NO_ADDRESS = { upper: 0n, lower: 0n };

/** Whether it is one address: those are in a table of their own. */
export function isSinglePrefix(prefix: Prefix): boolean {
  return prefix.length === prefix.address.bytes.length * 8;
}

function addressKey(address: Address): Uint8Array {
  return codecOf(Ipv6Address).encode(toWords(address));
}

function indexKey(index: number): Uint8Array {
  return codecOf(u32).encode(index);
}
