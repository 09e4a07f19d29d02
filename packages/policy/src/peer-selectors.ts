/** Peer selectors as the policy set keeps them: with a key, and matched against a place. */

import type { Prefix } from '@skep/wire';
import type { PolicyProtocol } from './decision-table.ts';
import { entityMatches } from './entities.ts';
import { type Labels, selectorMatches } from './labels.ts';
import type { NamedPort, PeerSelector } from './model.ts';
import { containsPrefix, prefixKey } from './prefixes.ts';

/**
 * Peers that gave this number to a port of this name. A rule about a destination's named port
 * becomes one such selector for each number that some peer gave to the name.
 */
export interface NamedPortSelector {
  readonly kind: 'named-port';
  readonly base: PeerSelector;
  readonly port: NamedPort;
}

/** What a group is made of. */
export type MemberSelector = PeerSelector | NamedPortSelector;

/** What of a peer decides whether a selector matches it. */
export interface PeerFacts {
  readonly labels: Labels;
  readonly isManaged: boolean;
  /** The address (or prefix) at which the peer is seen; without it no prefix rule matches. */
  readonly prefix?: Prefix | undefined;
  readonly namedPorts?: readonly NamedPort[] | undefined;
}

/** Equal text, equal selector. */
export function memberKey(selector: MemberSelector): string {
  switch (selector.kind) {
    case 'all':
      return 'all';
    case 'entity':
      return `entity ${selector.entity}`;
    case 'labels':
      return `labels ${selector.selector.canonical}`;
    case 'named-port': {
      const { name, protocol, port } = selector.port;
      return `port ${name}/${protocol}=${port} of ${memberKey(selector.base)}`;
    }
    case 'prefix': {
      const except = selector.except.map(prefixKey).sort().join(',');
      const scope = selector.matchesManaged ? 'any' : 'unmanaged';
      return `prefix ${prefixKey(selector.prefix)} except (${except}) ${scope}`;
    }
  }
}

/**
 * Whether a selector matches a peer. A peer that is itself a prefix lies within or outside of each
 * prefix of the selector, never across: every prefix that a rule names is a place of its own.
 */
export function memberMatches(selector: MemberSelector, peer: PeerFacts): boolean {
  switch (selector.kind) {
    case 'all':
      return true;
    case 'entity':
      return entityMatches(selector.entity, peer.labels);
    case 'labels':
      return selectorMatches(selector.selector, peer.labels);
    case 'named-port':
      return hasNamedPort(peer, selector.port) && memberMatches(selector.base, peer);
    case 'prefix': {
      const { prefix } = peer;
      if (!prefix || (peer.isManaged && !selector.matchesManaged)) return false;
      if (!containsPrefix(selector.prefix, prefix)) return false;
      return !selector.except.some((except) => containsPrefix(except, prefix));
    }
  }
}

function hasNamedPort(peer: PeerFacts, port: NamedPort): boolean {
  return (peer.namedPorts ?? []).some((own) => isSameNamedPort(own, port));
}

/** Whether name, protocol and number are the same. */
export function isSameNamedPort(left: NamedPort, right: NamedPort): boolean {
  return namedPortKey(left) === namedPortKey(right);
}

/** `name/protocol=number`. */
export function namedPortKey(port: NamedPort): string {
  return `${portNameKey(port.name, port.protocol)}=${port.port}`;
}

/** `name/protocol`. */
export function portNameKey(name: string, protocol: PolicyProtocol): string {
  return `${name}/${protocol}`;
}
