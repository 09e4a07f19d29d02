/** Labels of the identities that exist without being allocated. */

import { ReservedIdentity } from '@skep/contract';
import { type Labels, reservedLabels } from './labels.ts';

const NAMES: Readonly<Record<ReservedIdentity, readonly string[]>> = {
  [ReservedIdentity.Unknown]: ['unknown'],
  [ReservedIdentity.Host]: ['host'],
  [ReservedIdentity.World]: ['world'],
  [ReservedIdentity.Unmanaged]: ['unmanaged'],
  [ReservedIdentity.Health]: ['health'],
  [ReservedIdentity.Init]: ['init'],
  [ReservedIdentity.RemoteNode]: ['remote-node'],
  [ReservedIdentity.KubeApiserver]: ['kube-apiserver'],
  [ReservedIdentity.Ingress]: ['ingress'],
  [ReservedIdentity.WorldIpv4]: ['world', 'world-ipv4'],
  [ReservedIdentity.WorldIpv6]: ['world', 'world-ipv6'],
};

/** `reserved:` labels of a reserved identity; entities and selectors match by them. */
export function reservedIdentityLabels(identity: ReservedIdentity): Labels {
  return reservedLabels(...NAMES[identity]);
}
