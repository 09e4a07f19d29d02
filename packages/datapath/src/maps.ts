/**
 * Every table of the datapath. Shapes, limits and what happens when one is full are in
 * `@skep/contract`.
 */
import {
  ArrayMap,
  HashMap,
  LpmTrie,
  LruHashMap,
  type MapDeclaration,
  MapFlag,
  PerCpuArrayMap,
  ProgramArray,
  RingBuffer,
  u32,
  u64,
} from '@skep/ebpf';
import {
  ADDRESSES_MAX,
  CONNECTIONS_MAX,
  ENDPOINTS_MAX,
  EVENT_BUFFER_BYTES,
  FRAGMENTED_DATAGRAMS_MAX,
  HOST_SUBJECT,
  INTERFACE_INDEXES_MAX,
  NEWCOMER_HINT_SETS,
  NEWCOMERS_MAX,
  PREFIXES_MAX,
  SELECTOR_SETS_MAX,
} from '@skep/contract';
import {
  Connection,
  EndpointEntry,
  FragmentKey,
  FragmentPorts,
  HashKey,
  Newcomer,
  NewcomerHints,
  NewcomerQueue,
  NodeEntry,
  PeerEntry,
  PrefixKey,
  SelectorSet,
  SubjectEntry,
  TrafficCounter,
  Tuple,
} from '@skep/contract';
import {
  DirectedTuple,
  NEW_TRANSLATIONS_MAX,
  Translation,
  TRANSLATIONS_MAX,
  UNMASQUERADED_PREFIXES_MAX,
  Uplink,
  UPLINKS_MAX,
} from '@skep/contract';
import { Ipv6Address } from '@skep/wire';
import { Packet, Transit } from './packet.ts';

/** The packet at hand, then the one that it quotes. */
export const packets = new PerCpuArrayMap({ name: 'skep_packet', value: Packet, maxEntries: 2 });

/** What is sent on by a hook, until the next one has it. */
export const transits = new PerCpuArrayMap({
  name: 'skep_transit',
  value: Transit,
  maxEntries: 1,
});

/** Flows that both ends take part in. */
export const connections = new LruHashMap({
  name: 'skep_conn',
  key: Tuple,
  value: Connection,
  maxEntries: CONNECTIONS_MAX,
});

/** Flows that are new, one-way or denied: a flood of them evicts no connection. */
export const newcomers = new ArrayMap({
  name: 'skep_new',
  value: Newcomer,
  maxEntries: NEWCOMERS_MAX,
});

/** Where the queue of newcomers ends, */
export const newcomerQueue = new ArrayMap({
  name: 'skep_new_queue',
  value: NewcomerQueue,
  maxEntries: 1,
});

/** who may be where in it, by the hash of the tuple, */
export const newcomerHints = new ArrayMap({
  name: 'skep_new_hints',
  value: NewcomerHints,
  maxEntries: NEWCOMER_HINT_SETS,
});

/** and the key of that hash. */
export const hashKey = new ArrayMap({ name: 'skep_hash_key', value: HashKey, maxEntries: 1 });

/** What only a datagram's first fragment says, for the later ones. */
export const fragments = new LruHashMap({
  name: 'skep_frag',
  key: FragmentKey,
  value: FragmentPorts,
  maxEntries: FRAGMENTED_DATAGRAMS_MAX,
});

/** The endpoint behind an interface, by the index of the host's end of its device; 0: none. */
export const interfaces = new ArrayMap({
  name: 'skep_interface',
  value: u32,
  maxEntries: INTERFACE_INDEXES_MAX,
});

/** Local endpoints by id. */
export const endpoints = new ArrayMap({
  name: 'skep_endpoint',
  value: EndpointEntry,
  maxEntries: ENDPOINTS_MAX + 1,
});

/** Revision and enforcement of each subject. */
export const subjects = new ArrayMap({
  name: 'skep_subject',
  value: SubjectEntry,
  maxEntries: HOST_SUBJECT + 1,
  flags: MapFlag.MemoryMappable,
});

/** The one row about the node itself, in memory that node shares. */
export const nodeState = new ArrayMap({
  name: 'skep_node',
  value: NodeEntry,
  maxEntries: 1,
  flags: MapFlag.MemoryMappable,
});

/** ipcache: single addresses first, */
export const addresses = new HashMap({
  name: 'skep_address',
  key: Ipv6Address,
  value: PeerEntry,
  maxEntries: ADDRESSES_MAX,
  flags: MapFlag.NoPreallocation,
});

/** then prefixes; the two of length 0 (of each family) always exist. */
export const prefixes = new LpmTrie({
  name: 'skep_prefix',
  key: PrefixKey,
  value: PeerEntry,
  maxEntries: PREFIXES_MAX,
});

/** Which peer groups a peer is in, by the number that its place in the ipcache has. */
export const selectorSets = new ArrayMap({
  name: 'skep_selectors',
  value: SelectorSet,
  maxEntries: SELECTOR_SETS_MAX,
});

/**
 * Policy programs: slot `subject * 2` decides ingress, the next one egress. Subject 0 has no rules,
 * so its ingress slot is `DECIDED`.
 */
export const policies = new ProgramArray({
  name: 'skep_policy',
  maxEntries: (HOST_SUBJECT + 1) * 2,
});

/** The slot of `policies` where a packet goes on when its policies have decided. */
export const DECIDED = 0;

/** By drop reason; 0 counts what was forwarded. */
export const traffic = new PerCpuArrayMap({
  name: 'skep_traffic',
  value: TrafficCounter,
  maxEntries: 256,
});

/** Records for node: drops, verdicts, traces. A full buffer is counted in `lostEvents`. */
export const events = new RingBuffer({ name: 'skep_events', maxEntries: EVENT_BUFFER_BYTES });

/** The programs of the layout before, in an upgrade: a slot for each hook, see `FormerSlot`. */
export const former = new ProgramArray({ name: 'skep_former', maxEntries: 3 });

/** The slots of `former`. */
export enum FormerSlot {
  FromEndpoint = 0,
  ToEndpoint = 1,
  FromNetwork = 2,
}

/** The one row that says whether they have the last word: one of `Succession`. */
export const succession = new ArrayMap({ name: 'skep_succession', value: u32, maxEntries: 1 });

/** Events that found no room. */
export const lostEvents = new PerCpuArrayMap({ name: 'skep_lost', value: u64, maxEntries: 1 });

/** Masqueraded flows that both ends take part in. */
export const translations = new LruHashMap({
  name: 'skep_nat',
  key: DirectedTuple,
  value: Translation,
  maxEntries: TRANSLATIONS_MAX,
});

/** Masqueraded flows that are new or one-way: a flood of them takes no port that is in use. */
export const newTranslations = new LruHashMap({
  name: 'skep_nat_new',
  key: DirectedTuple,
  value: Translation,
  maxEntries: NEW_TRANSLATIONS_MAX,
});

/** The node's interfaces to the world, by index. */
export const uplinks = new HashMap({
  name: 'skep_uplink',
  key: u32,
  value: Uplink,
  maxEntries: UPLINKS_MAX,
});

/** Prefixes that endpoints reach under their own addresses; the value says nothing. */
export const unmasqueraded = new LpmTrie({
  name: 'skep_nat_except',
  key: PrefixKey,
  value: u32,
  maxEntries: UNMASQUERADED_PREFIXES_MAX,
});

/** The tables of masquerade: only there where it is on. */
export const masqueradeMaps: readonly MapDeclaration[] = [
  translations,
  newTranslations,
  uplinks,
  unmasqueraded,
];

/** What an upgrade has to carry over of them: uplinks for the seed that ports are looked for by. */
export const carriedMasqueradeMaps: readonly MapDeclaration[] = [
  uplinks,
  newTranslations,
  translations,
];

/** All others, in the order in which they are made. */
export const datapathMaps: readonly MapDeclaration[] = [
  packets,
  transits,
  connections,
  newcomers,
  newcomerQueue,
  newcomerHints,
  hashKey,
  fragments,
  interfaces,
  endpoints,
  subjects,
  nodeState,
  addresses,
  prefixes,
  selectorSets,
  policies,
  traffic,
  events,
  lostEvents,
  former,
  succession,
];

/**
 * What only packets write, so that an upgrade has to carry it over; the agent writes the others. A
 * flow goes from `newcomers` to `connections`: carried in this order, it is missed in neither.
 */
export const carriedMaps: readonly MapDeclaration[] = [
  newcomers,
  connections,
  fragments,
  traffic,
  lostEvents,
  events,
];
