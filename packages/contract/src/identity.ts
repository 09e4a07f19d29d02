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
