/**
 * The node on which packet tables are tried: two endpoints, the node itself, the world. The same
 * world is set up on every engine.
 */
import type { ProgramObject } from '@skep/bytecode';
import {
  Direction,
  EndpointEntry,
  Enforced,
  HOST_SUBJECT,
  PeerEntry,
  PrefixKey,
  Uplink,
} from '@skep/contract';
import { codecOf, type Decoded, type MapDeclaration, u32 } from '@skep/ebpf';
import type { DecisionTable, DirectionTable } from '@skep/policy';
import { Ipv6Address, parseAddress, parseMac, parsePrefix } from '@skep/wire';
import { toMacWords, toPrefixKey, toWords } from '../address.ts';
import {
  addresses,
  connections,
  endpoints,
  fragments,
  interfaces,
  newTranslations,
  nodeState,
  prefixes,
  selectorSets,
  subjects,
  translations,
  unmasqueraded,
  uplinks,
} from '../maps.ts';
import { emptyNewcomerQueue, ensureHashKey } from '../newcomer-queue.ts';
import { isEnforced, policyProgram } from '../policy-program.ts';
import type { NodeConstants, UplinkTasks } from '../programs.ts';
import type { TrialTables } from './tables.ts';

/** Constants that the programs of the trials are compiled with. */
export const NODE: NodeConstants = {
  jiffiesPerSecond: 250,
  hasRedirectPeer: 1,
  reportsForwarded: 1,
};
/** Programs of uplinks do all that they can. */
export const UPLINK_TASKS: UplinkTasks = { masquerades: 1, guardsHost: 1 };
/** What the kernel's test run gives a program for an interface: its loopback. */
export const TEST_INTERFACE = 1;
/** What both endpoints know as their gateway. */
export const GATEWAY_MAC = '02:00:00:00:00:fe';

/** An endpoint of the trials. */
export interface TrialEndpoint {
  readonly id: number;
  readonly mac: string;
  readonly ipv4: string;
  readonly ipv6: string;
  readonly identity: number;
  /** Its peer group: the one bit that its selector set has. */
  readonly group: number;
  readonly interfaceIndex: number;
}

/** The first endpoint: it mostly sends. */
export const ANNA: TrialEndpoint = {
  id: 1,
  mac: '02:00:00:00:00:01',
  ipv4: '10.0.0.1',
  ipv6: 'fd00::1',
  identity: 300,
  group: 1,
  interfaceIndex: 101,
};

/** The second endpoint: it mostly answers. */
export const BERT: TrialEndpoint = {
  id: 2,
  mac: '02:00:00:00:00:02',
  ipv4: '10.0.0.2',
  ipv6: 'fd00::2',
  identity: 400,
  group: 2,
  interfaceIndex: 102,
};

/** There are two: a packet to a peer goes to the other one. */
export function otherThan(endpoint: TrialEndpoint): TrialEndpoint {
  return endpoint === ANNA ? BERT : ANNA;
}

/** The node's own address, and one of the world. */
export const NODE_ADDRESS = '10.0.0.254';
/** An address that no place of the ipcache names: the world. */
export const WORLD_ADDRESS = '192.0.2.7';
/** The world over IPv6. */
export const WORLD_ADDRESS6 = '2001:db8::7';
/** What endpoints know as their gateway over IPv6; the world's router may have it, too. */
export const GATEWAY6 = 'fe80::1';
/** The peer group of the node's own address. */
export const NODE_GROUP = 3;
/** The peer group of the world. */
export const WORLD_GROUP = 4;

/** The node's interface to the world, and its addresses there. */
export const UPLINK_INTERFACE = 103;
/** Its own MAC address, and that of the next router. */
export const UPLINK_MAC = '02:00:00:00:00:66';
/** The next router's. */
export const WORLD_MAC = '02:00:00:00:00:77';
/** What endpoints are seen as by the world. */
export const UPLINK_ADDRESS = '198.51.100.1';
/** As `UPLINK_ADDRESS`, over IPv6. */
export const UPLINK_ADDRESS6 = '2001:db8:ff::1';
/** The first port that masquerade has in the trials. */
export const MASQUERADE_PORT = 50_000;
const SEED = 0x5ce9n;

const HOST_IDENTITY = 1;
const WORLD_IDENTITY = 2;
const OPEN: DirectionTable = { isEnforced: false, segments: [] };

/** Nothing is enforced in either direction. */
export const OPEN_POLICY: DecisionTable = { ingress: OPEN, egress: OPEN };

/** Makes an endpoint the one behind the interface that test runs come from. */
export function moveTo(tables: TrialTables, endpoint: TrialEndpoint): void {
  tables.update(interfaces, indexKey(TEST_INTERFACE), codecOf(u32).encode(endpoint.id));
}

/**
 * Writes the world into the tables; each endpoint is its own subject, numbered as it is.
 */
export function setUp(tables: TrialTables): void {
  ensureHashKey(tables);
  put(tables, nodeState, 0, { membershipRevision: 1, padding: 0 });
  put(tables, subjects, 0, { revision: 0, enforced: 0 });
  for (const [index, group] of [ANNA.group, BERT.group, NODE_GROUP, WORLD_GROUP].entries()) {
    const words = new Array<bigint>(64).fill(0n);
    words[0] = 1n << BigInt(group);
    put(tables, selectorSets, index + 1, { words });
  }
  for (const endpoint of [ANNA, BERT]) setUpEndpoint(tables, endpoint);
  for (const address of [NODE_ADDRESS, UPLINK_ADDRESS, UPLINK_ADDRESS6, GATEWAY6]) {
    putAddress(tables, address, { identity: HOST_IDENTITY, selectorSet: 3, endpoint: 0 });
  }
  put(tables, subjects, HOST_SUBJECT, { revision: 1, enforced: 0 });
  for (const world of ['0.0.0.0/0', '::/0']) {
    const key = codecOf(PrefixKey).encode(toPrefixKey(parsePrefix(world)));
    const value = { identity: WORLD_IDENTITY, selectorSet: 4, endpoint: 0, padding: 0 };
    tables.update(prefixes, key, codecOf(PeerEntry).encode(value));
  }
}

function setUpEndpoint(tables: TrialTables, endpoint: TrialEndpoint): void {
  const { id, identity } = endpoint;
  const entry = {
    interfaceIndex: endpoint.interfaceIndex,
    identity,
    selectorSet4: id,
    selectorSet6: id,
    subject: id,
    address4: toWords(parseAddress(endpoint.ipv4)),
    address6: toWords(parseAddress(endpoint.ipv6)),
    mac: toMacWords(parseMac(endpoint.mac)),
    gatewayMac: toMacWords(parseMac(GATEWAY_MAC)),
    padding: 0,
  };
  tables.update(endpoints, indexKey(id), codecOf(EndpointEntry).encode(entry));
  tables.update(interfaces, indexKey(endpoint.interfaceIndex), codecOf(u32).encode(id));
  for (const address of [endpoint.ipv4, endpoint.ipv6]) {
    putAddress(tables, address, { identity, selectorSet: id, endpoint: id });
  }
  setPolicy(tables, endpoint, OPEN_POLICY, 1);
}

/** The endpoint is gone, or not set up yet, while its addresses are still known. */
export function clearEndpoint(tables: TrialTables, { id }: TrialEndpoint): void {
  tables.update(endpoints, indexKey(id), new Uint8Array(EndpointEntry.size));
}

/** Swaps an endpoint's rules, as the agent does: programs first, then the revision. */
export function setPolicy(
  tables: TrialTables,
  endpoint: TrialEndpoint,
  table: DecisionTable,
  revision: number,
): void {
  setRules(tables, endpoint.id, table, { revision, flags: 0 });
}

/** As `setPolicy`, of the node itself: its flows are looked at from now on. */
export function setHostPolicy(tables: TrialTables, table: DecisionTable, revision: number): void {
  setRules(tables, HOST_SUBJECT, table, { revision, flags: Enforced.Followed });
}

function setRules(
  tables: TrialTables,
  subject: number,
  { ingress, egress }: DecisionTable,
  { revision, flags }: { revision: number; flags: number },
): void {
  const slot = subject * 2;
  tables.setPolicy(slot, programOf('ingress', ingress));
  tables.setPolicy(slot + 1, programOf('egress', egress));
  const enforced = flags | (isEnforced(ingress) ? 1 : 0) | (isEnforced(egress) ? 2 : 0);
  put(tables, subjects, subject, { revision, enforced });
}

/** Tables that many rows share become programs once, and are loaded once. */
const programs = {
  ingress: new WeakMap<DirectionTable, ProgramObject>(),
  egress: new WeakMap<DirectionTable, ProgramObject>(),
};

function programOf(direction: 'ingress' | 'egress', table: DirectionTable): ProgramObject {
  const side = direction === 'ingress' ? Direction.Ingress : Direction.Egress;
  const program = programs[direction].get(table) ?? policyProgram(direction, table, side);
  programs[direction].set(table, program);
  return program;
}

/** Says that addresses may stand for something else than before. */
export function bumpMembership(tables: TrialTables, revision: number): void {
  put(tables, nodeState, 0, { membershipRevision: revision, padding: 0 });
}

/** Turns masquerade on, with so many ports. */
export function setUpUplink(tables: TrialTables, portCount: number): void {
  const address4 = toWords(parseAddress(UPLINK_ADDRESS));
  const address6 = toWords(parseAddress(UPLINK_ADDRESS6));
  const ports = { portFirst: MASQUERADE_PORT, portCount };
  writeUplink(tables, { address4, address6, ...ports });
}

/** Turns masquerade on where the uplink has lost its addresses. */
export function loseUplinkAddresses(tables: TrialTables): void {
  const none = { upper: 0n, lower: 0n };
  writeUplink(tables, { address4: none, address6: none, portFirst: 1, portCount: 1 });
}

/** Turns masquerade off. */
export function clearUplink(tables: TrialTables): void {
  for (const map of [uplinks, unmasqueraded]) {
    for (const { key } of tables.entries(map)) tables.delete(map, key);
  }
}

/** Endpoints keep their own addresses towards a prefix. */
export function exceptFromMasquerade(tables: TrialTables, prefix: string): void {
  const key = codecOf(PrefixKey).encode(toPrefixKey(parsePrefix(prefix)));
  tables.update(unmasqueraded, key, codecOf(u32).encode(1));
}

type UplinkValue = Omit<Decoded<Uplink>, 'seed' | 'padding'>;

/** On devices the uplink has an index of its own, in test runs that of all packets. */
function writeUplink(tables: TrialTables, value: UplinkValue): void {
  const row = codecOf(Uplink).encode({ ...value, seed: SEED, padding: 0 });
  for (const index of [TEST_INTERFACE, UPLINK_INTERFACE]) {
    tables.update(uplinks, indexKey(index), row);
  }
}

/** Empties conntrack, so that rows do not see each other's flows. */
export function forgetFlows(tables: TrialTables): void {
  for (const map of [connections, fragments, translations, newTranslations]) {
    for (const { key } of tables.entries(map)) tables.delete(map, key);
  }
  emptyNewcomerQueue(tables);
}

type PeerValue = { identity: number; selectorSet: number; endpoint: number };

function putAddress(tables: TrialTables, address: string, value: PeerValue): void {
  const key = codecOf(Ipv6Address).encode(toWords(parseAddress(address)));
  tables.update(addresses, key, codecOf(PeerEntry).encode({ ...value, padding: 0 }));
}

function put(
  tables: TrialTables,
  map: typeof nodeState | typeof subjects | typeof selectorSets,
  index: number,
  value: object,
): void {
  tables.update(map as MapDeclaration, indexKey(index), codecOf(map.value).encode(value as never));
}

function indexKey(index: number): Uint8Array {
  return codecOf(u32).encode(index);
}
