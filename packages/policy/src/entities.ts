/** Entities: groups of peers that need no labels of one's own. The names are Cilium's. */

import { type Labels, hasLabelKey } from './labels.ts';

/** Names that `fromEntities` and `toEntities` understand. */
export const ENTITIES = [
  'all',
  'world',
  'world-ipv4',
  'world-ipv6',
  'cluster',
  'host',
  'remote-node',
  'kube-apiserver',
  'ingress',
  'health',
  'init',
  'unmanaged',
  'none',
] as const;

/** One of `ENTITIES`. */
export type Entity = (typeof ENTITIES)[number];

/** Whether a peer belongs to an entity, judged by its `reserved:` labels. */
export function entityMatches(entity: Entity, labels: Labels): boolean {
  switch (entity) {
    case 'all':
      return true;
    case 'none':
      return false;
    case 'world':
      return isWorld(labels);
    case 'cluster':
      return isCluster(labels);
    default:
      return hasLabelKey(labels, 'reserved', entity);
  }
}

function isWorld(labels: Labels): boolean {
  return (
    hasLabelKey(labels, 'reserved', 'world') ||
    hasLabelKey(labels, 'reserved', 'world-ipv4') ||
    hasLabelKey(labels, 'reserved', 'world-ipv6')
  );
}

/** Nodes, what runs beside them, and every endpoint; an API server counts wherever it runs. */
function isCluster(labels: Labels): boolean {
  if (hasLabelKey(labels, 'reserved', 'kube-apiserver')) return true;
  return !isWorld(labels) && !hasLabelKey(labels, 'reserved', 'unknown');
}
