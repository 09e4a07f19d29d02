/**
 * Every bound of the datapath, once. What happens at each is said beside it and tested.
 */

/** Endpoint ids are 1 to this; one more endpoint is refused. */
export const ENDPOINTS_MAX = 4095;
/** Interface indexes of endpoints are below this; the agent picks them so. */
export const INTERFACE_INDEXES_MAX = 65_536;
/** Sets of endpoints that share rules; an endpoint that needs one more is refused. */
export const SUBJECTS_MAX = 4095;
/**
 * Peer groups (one bit each), of which an agent has half: the other half is for the next one. A
 * policy that needs more is refused as a whole.
 */
export const PEER_GROUPS_MAX = 4096;
/**
 * Distinct sets of peer groups that addresses match, of which an agent has half. A change that
 * needs more, also on its way from the old rules to the new ones, is refused as a whole.
 */
export const SELECTOR_SETS_MAX = 16_384;
/**
 * Single addresses with an identity or named by a rule; a change that needs more is refused as a
 * whole. New ones are counted beside those that they replace.
 */
export const ADDRESSES_MAX = 262_144;
/** Prefixes with an identity or named by a rule; as of single addresses. */
export const PREFIXES_MAX = 131_072;
/**
 * Flows whose initiator has heard the answer: in TCP it acknowledges what the responder has said,
 * in other protocols it is a local endpoint. The least recently used gives way: no stranger can
 * hurry that, but endpoints can that really hold so many connections with somebody. A TCP
 * connection that gives way is dropped at both ends as `unknown connection state`, since nobody
 * could say who opened it; in other protocols its next packet begins a flow, if policy allows that.
 * Flows of endpoints that are gone stay until they give way, and are decided anew if they are met.
 */
export const CONNECTIONS_MAX = 131_072;
/**
 * Flows that are new, one-way or denied; the one that came first gives way, and is decided anew. A
 * flood of them evicts no connection; what it does is that an answer to who came before it finds
 * nobody, and is dropped until the question is asked again.
 */
export const NEWCOMERS_MAX = 65_536;
/** Sets that newcomers are spread over by a hash with a secret key; */
export const NEWCOMER_HINT_SETS = 8_192;
/**
 * newcomers that are found in one set, 8 on average where the queue is full. The first hint gives
 * way, its newcomer with it: one of sixty goes so before its turn in a flood, none in half of one.
 */
export const NEWCOMER_HINTS_PER_SET = 15;
/**
 * Datagrams being received in fragments; the least recently used gives way, its fragments are
 * dropped.
 */
export const FRAGMENTED_DATAGRAMS_MAX = 8_192;
/**
 * Rows of masqueraded flows that both ends take part in, two each; the least recently used gives
 * way, and its flow gets a port anew.
 */
export const TRANSLATIONS_MAX = 131_072;
/**
 * Rows of masqueraded flows that are new or one-way, two each; the least recently used gives way.
 * Never takes a port from a flow that both ends take part in.
 */
export const NEW_TRANSLATIONS_MAX = 65_536;
/** Interfaces to the world; those beyond are named by `skep status`, and not masqueraded. */
export const UPLINKS_MAX = 64;
/** Prefixes that are never masqueraded; an agent that is given more does not start. */
export const UNMASQUERADED_PREFIXES_MAX = 1_024;
/**
 * Ports that are tried for a flow; where flows that both ends take part in have all of them, its
 * packet is dropped.
 */
export const PORT_CANDIDATES_MAX = 32;
/**
 * Seconds for which a masqueraded TCP connection that has ended keeps its port in any case, because
 * of packets that are on their way; where there are free ones, `LifetimeSeconds.TcpClosing`.
 */
export const ENDED_PORT_SECONDS = 1;
/**
 * Seconds after which an agent looks for pins, programs and state that somebody has taken away, and
 * puts them back. Killed before that, it takes programs whose pins are gone along: endpoints behind
 * veths, and uplinks, are open then until the next agent has begun; netkit devices are closed.
 */
export const REPAIR_SECONDS = 2;
/**
 * Seconds in which the number of an identity that nobody bears any more is given to no other:
 * events about it may be on their way. All numbers are given before one is given again.
 */
export const IDENTITY_COOL_DOWN_SECONDS = 60;
/**
 * Seconds in which an address of a pool that an endpoint has given back is given to no other: its
 * peers may still talk to who had it. All other addresses of the pool are given first.
 */
export const ADDRESS_COOL_DOWN_SECONDS = 60;
/** Bytes of events that node has not read; what does not fit is lost and counted exactly. */
export const EVENT_BUFFER_BYTES = 1 << 22;
/** IPv6 extension headers before the transport; a packet with more is dropped. */
export const IPV6_EXTENSION_HEADERS_MAX = 6;
/** IPv4 options, padding counted; a packet with more is dropped. */
export const IPV4_OPTIONS_MAX = 8;

/** Idle seconds after which a flow is decided anew. */
export enum LifetimeSeconds {
  TcpEstablished = 21_600,
  TcpOpening = 60,
  TcpClosing = 10,
  Other = 60,
}

/** A repeat of what was reported is counted, and reported once more after this many seconds. */
export const REPORT_INTERVAL_SECONDS = 5;
/**
 * Seconds after which an agent counts repeats that no report tells of yet, for the metrics: what a
 * flow repeats in its last ones, before its entry goes or allows it, may be missing there.
 */
export const REPEATS_READ_SECONDS = 2;
/**
 * Rules that the metrics count by name, allowed and dropped each; those that come later count
 * together, as `other`.
 */
export const RULES_COUNTED_MAX = 1024;
