/**
 * A node without devices: the datapath's own programs over maps of their own, two endpoints, and a
 * world outside, run by `BPF_PROG_TEST_RUN`. Nothing is attached anywhere.
 */
import { type BpfMap, deleteBatch, type Program, RingBufferReader, setProgram } from '@skep/bpf';
import { PEER_GROUPS_MAX, PrefixKey } from '@skep/contract';
import * as datapath from '@skep/datapath';
import type { DecisionTable, DirectionTable } from '@skep/policy';
import {
  type FrameDescription,
  Ipv6Address,
  makeFrame,
  parseAddress,
  parseMac,
  parsePrefix,
} from '@skep/wire';
import { type Bench, bytesOf } from './kernel.ts';

const node = { jiffiesPerSecond: 250, hasRedirectPeer: 1, reportsForwarded: 1 } as const;
const gatewayMac = '02:00:00:00:00:fe';
const worldSelectorSet = 3;
const worldIdentity = 2;
const open: DirectionTable = { isEnforced: false, segments: [] };

/** A local endpoint; its number is also its subject's and its selector set's. */
export interface WorldEndpoint {
  readonly number: number;
  readonly mac: string;
  readonly ipv4: string;
}

/** The two endpoints: packets go from the first to the second and back. */
export const sender: WorldEndpoint = { number: 1, mac: '02:00:00:00:00:01', ipv4: '10.0.0.1' };
/** The other one. */
export const receiver: WorldEndpoint = { number: 2, mac: '02:00:00:00:00:02', ipv4: '10.0.0.2' };
/** An address that belongs to no endpoint. */
export const worldAddress = '192.0.2.7';

/** The datapath as the agent would have set it up. */
export class DatapathWorld {
  readonly #bench: Bench;
  readonly #programs = new Map<number, Program>();
  readonly #reader: RingBufferReader;
  #revision = 1;

  constructor(bench: Bench) {
    this.#bench = bench;
    const { egressDecided, ingressDecided } = datapath.nodePrograms(node);
    const continuations = bench.map(datapath.continuations);
    const { Continuation } = datapath;
    setProgram(continuations, Continuation.EgressDecided, bench.load(egressDecided).fd);
    setProgram(continuations, Continuation.IngressDecided, bench.load(ingressDecided).fd);
    this.#reader = new RingBufferReader(bench.map(datapath.events));
    bench.put(datapath.nodeState, 0, { membershipRevision: 1, padding: 0 });
    bench.put(datapath.subjects, 0, { revision: 0, enforced: 0 });
    for (const endpoint of [sender, receiver]) this.#addEndpoint(endpoint);
    const key = { ...datapath.toPrefixKey(parsePrefix('0.0.0.0/0')) };
    const peer = {
      identity: worldIdentity,
      selectorSet: worldSelectorSet,
      endpoint: 0,
      padding: 0,
    };
    bench
      .map(datapath.prefixes)
      .update(bytesOf(PrefixKey, key), bytesOf(datapath.prefixes.value, peer));
  }

  /** The program that sees what the endpoint sends. */
  fromEndpoint(endpoint: WorldEndpoint): Program {
    return this.#programs.get(endpoint.number)!;
  }

  /** The slot array, for programs to be swapped in. */
  get policies(): BpfMap {
    return this.#bench.map(datapath.policies);
  }

  /** Swaps the rules of an endpoint, as the agent does: programs first, then the revision. */
  setPolicy(endpoint: WorldEndpoint, { ingress, egress }: Partial<DecisionTable>): void {
    const { Continuation, isEnforced, policyProgram } = datapath;
    const slot = endpoint.number * 2;
    const tables = { ingress: ingress ?? open, egress: egress ?? open };
    const made = {
      ingress: policyProgram('b_ingress', tables.ingress, Continuation.IngressDecided),
      egress: policyProgram('b_egress', tables.egress, Continuation.EgressDecided),
    };
    setProgram(this.policies, slot, this.#bench.load(made.ingress).fd);
    setProgram(this.policies, slot + 1, this.#bench.load(made.egress).fd);
    const enforced = (isEnforced(tables.ingress) ? 1 : 0) | (isEnforced(tables.egress) ? 2 : 0);
    this.#revision += 1;
    const entry = { revision: this.#revision, enforced };
    this.#bench.put(datapath.subjects, endpoint.number, entry);
  }

  /** Empties conntrack and the events, so that the next sample begins as this one did. */
  forget(): void {
    for (const declaration of [datapath.connections, datapath.newcomers]) {
      const map = this.#bench.map(declaration);
      deleteBatch(map, [...map.keys()]);
    }
    this.#reader.drain(() => {});
  }

  /** Closes what the bench does not know of. */
  close(): void {
    this.#reader.close();
  }

  #addEndpoint({ number, mac, ipv4 }: WorldEndpoint): void {
    const address = parseAddress(ipv4);
    const words = new Array<bigint>(PEER_GROUPS_MAX / 64).fill(0n);
    words[0] = 1n << BigInt(number);
    this.#bench.put(datapath.selectorSets, number, { words });
    const macs = { mac: parseMac(mac), gatewayMac: parseMac(gatewayMac) };
    const set = { selectorSet4: number, selectorSet6: number, subject: number };
    const entry = { interfaceIndex: 100 + number, identity: 256 + number, ...set, ...macs };
    this.#bench.put(datapath.endpoints, number, { ...entry, padding: new Uint8Array(2) });
    const peer = { identity: 256 + number, selectorSet: number, endpoint: number, padding: 0 };
    this.#bench
      .map(datapath.addresses)
      .update(
        bytesOf(Ipv6Address, datapath.toWords(address)),
        bytesOf(datapath.addresses.value, peer),
      );
    const programs = datapath.endpointPrograms(node, { endpoint: number, ...macs, ipv4: address });
    this.#programs.set(number, this.#bench.load(programs.fromEndpoint));
    this.setPolicy({ number, mac, ipv4 }, {});
  }
}

/** A TCP segment that an endpoint sends. */
export function segment(
  from: WorldEndpoint,
  to: string,
  tcp: NonNullable<FrameDescription['tcp']>,
): Uint8Array {
  const link = { sourceMac: from.mac, destinationMac: gatewayMac };
  return makeFrame({ ...link, source: from.ipv4, destination: to, tcp });
}
