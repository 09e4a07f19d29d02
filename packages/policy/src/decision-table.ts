/**
 * What the rules of one subject come down to: for each direction a list of port segments, each with
 * at most one group of peers that is denied and one that is allowed. The datapath turns it into a
 * small program; `lookUpSegment` and `decideByTable` are its meaning in words of TypeScript.
 *
 * Replies are no business of this table: conntrack lets them pass because the first packet of their
 * flow was allowed.
 */

/** Number of a peer group: the index of its bit in every peer's selector set. 0 is a group too. */
export type GroupId = number;

/** Protocols that rules can tell apart; the values are IANA's protocol numbers. */
export enum PolicyProtocol {
  /** Whatever is none of the others. */
  Other = 0,
  Icmp = 1,
  Tcp = 6,
  Udp = 17,
  Icmpv6 = 58,
  Sctp = 132,
}

/** The same by name: as policies, flags of commands and requests to an agent have them. */
export const PROTOCOLS_BY_NAME = {
  TCP: PolicyProtocol.Tcp,
  UDP: PolicyProtocol.Udp,
  SCTP: PolicyProtocol.Sctp,
  ICMP: PolicyProtocol.Icmp,
  ICMPv6: PolicyProtocol.Icmpv6,
} as const;

/** Seen from the subject: into it or out of it. */
export type Direction = 'ingress' | 'egress';

/**
 * A run of destination ports (0 to 65535), or of ICMP types (0 to 255) where the protocol is one of
 * the ICMPs, or 0 to 0 for `Other`.
 *
 * To decide: allowed if the peer is in `safeGroup`; else denied if `isDenyAll` or the peer is in
 * `denyGroup`; else allowed if `isAllowAll` or the peer is in `allowGroup`; else the direction's
 * default decides.
 */
export interface Segment {
  readonly protocol: PolicyProtocol;
  /** First port or ICMP type, included. */
  readonly first: number;
  /** Last port or ICMP type, included. */
  readonly last: number;
  /** Peers in this group are allowed, whatever else is said. */
  readonly safeGroup?: GroupId;
  /** Peers in this group are denied. */
  readonly denyGroup?: GroupId;
  /** Peers in this group are allowed, unless denied. */
  readonly allowGroup?: GroupId;
  /** Every peer is denied; `denyGroup` and what allows are absent then. */
  readonly isDenyAll?: boolean;
  /** Every peer is allowed, unless denied; `allowGroup` is absent then. */
  readonly isAllowAll?: boolean;
}

/**
 * One direction of a subject.
 *
 * Segments are sorted by protocol, then first port; they do not overlap, and neighbours differ. A
 * protocol that has no segment of its own is decided as `Other` is (its one segment, if any); a
 * port in a gap between segments of its protocol matches no rule.
 */
export interface DirectionTable {
  /** Whether traffic that no rule matches is denied. If not, only deny groups appear. */
  readonly isEnforced: boolean;
  readonly segments: readonly Segment[];
}

/** Both directions of a subject. */
export interface DecisionTable {
  readonly ingress: DirectionTable;
  readonly egress: DirectionTable;
}

/** The segment that decides about a protocol and port (or ICMP type), if any. */
export function lookUpSegment(
  table: DirectionTable,
  protocol: PolicyProtocol,
  port: number,
): Segment | undefined {
  let isOwn = false;
  let other: Segment | undefined;
  for (const segment of table.segments) {
    if (segment.protocol === PolicyProtocol.Other) other = segment;
    if (segment.protocol !== protocol) continue;
    isOwn = true;
    if (port >= segment.first && port <= segment.last) return segment;
  }
  return isOwn ? undefined : other;
}

/** Verdict of a table for a peer whose groups are given; the reference for generated code. */
export function decideByTable(
  table: DirectionTable,
  protocol: PolicyProtocol,
  port: number,
  groups: ReadonlySet<GroupId>,
): 'allow' | 'deny' {
  const segment = lookUpSegment(table, protocol, port);
  if (segment?.safeGroup !== undefined && groups.has(segment.safeGroup)) return 'allow';
  if (segment?.isDenyAll) return 'deny';
  if (segment?.denyGroup !== undefined && groups.has(segment.denyGroup)) return 'deny';
  if (!table.isEnforced || segment?.isAllowAll) return 'allow';
  if (segment?.allowGroup !== undefined && groups.has(segment.allowGroup)) return 'allow';
  return 'deny';
}
