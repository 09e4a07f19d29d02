/**
 * Identities: numbers that stand for a set of labels that policy treats alike. The numbers are
 * Cilium's, so that tools and wire formats agree.
 *
 * Shape, 32 bits in maps, 24 on the wire:
 *
 * ```
 *  31    24 23    16 15              0
 * +--------+--------+-----------------+
 * | scope  |cluster |     number      |   scope 0: cluster-wide, 1: this node's own (prefixes)
 * +--------+--------+-----------------+
 * ```
 */

/** Identities that exist without being allocated. */
export enum ReservedIdentity {
  Unknown = 0,
  Host = 1,
  World = 2,
  Unmanaged = 3,
  Health = 4,
  Init = 5,
  RemoteNode = 6,
  KubeApiserver = 7,
  Ingress = 8,
  WorldIpv4 = 9,
  WorldIpv6 = 10,
}

/** What people are told of a reserved identity. */
export interface ReservedIdentityRow {
  readonly identity: ReservedIdentity;
  /** Names of its labels of source `reserved`; entities and selectors match by them. */
  readonly names: readonly string[];
  readonly sentence: string;
  /** Whether something on a single node may have it. */
  readonly isGiven: boolean;
}

function row(
  identity: ReservedIdentity,
  names: readonly string[],
  isGiven: boolean,
  sentence: string,
): ReservedIdentityRow {
  return { identity, names, sentence, isGiven };
}

/** One row for each, in the order of the numbers. */
export const reservedIdentities: readonly ReservedIdentityRow[] = [
  row(0, ['unknown'], false, 'An address that has none; what it sends is dropped.'),
  row(1, ['host'], true, 'The node itself, at every address that it has.'),
  row(2, ['world'], false, 'Outside, of either family; addresses have one of the two below.'),
  row(3, ['unmanaged'], false, 'A workload of the cluster that Skep does not connect.'),
  row(4, ['health'], false, 'What nodes of a cluster probe each other by.'),
  row(5, ['init'], true, 'An endpoint whose labels are not known yet: closed both ways.'),
  row(6, ['remote-node'], false, 'Another node of the cluster.'),
  row(7, ['kube-apiserver'], false, 'The API server of Kubernetes.'),
  row(8, ['ingress'], false, 'What lets traffic into the cluster.'),
  row(9, ['world', 'world-ipv4'], true, 'Outside: an IPv4 address that is nobody else.'),
  row(10, ['world', 'world-ipv6'], true, 'Outside: an IPv6 address that is nobody else.'),
];

/** The first identity given to a set of labels. */
export const IDENTITY_ALLOCATED_FIRST = 256;
/** The last one; cluster 0 has 16 bits of numbers. */
export const IDENTITY_ALLOCATED_LAST = 65535;
/** The first identity that this node gives to a prefix. */
export const IDENTITY_LOCAL_FIRST = (1 << 24) + 1;
/** The last one. */
export const IDENTITY_LOCAL_LAST = (1 << 25) - 1;

/** Whether traffic of this identity belongs to an endpoint or a node that Skep manages. */
export function isManagedIdentity(identity: number): boolean {
  const isWorld =
    identity === ReservedIdentity.World ||
    identity === ReservedIdentity.WorldIpv4 ||
    identity === ReservedIdentity.WorldIpv6;
  return !isWorld && identity !== ReservedIdentity.Unknown && identity < IDENTITY_LOCAL_FIRST;
}
