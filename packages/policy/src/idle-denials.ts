/** Deny rules about what nothing on a node is: each is in force, and closes nothing. */

import { reservedIdentities } from '@skep/contract';
import type { PeerSelector, PolicyDocument, Rule } from './model.ts';

/** Names of reserved labels, and of entities, that nothing on a node has. */
const ABSENT_NAMES = namesOf(false).filter((name) => !namesOf(true).includes(name));

function namesOf(isGiven: boolean): string[] {
  const rows = reservedIdentities.filter((row) => row.isGiven === isGiven);
  return rows.flatMap(({ names }) => names);
}

/** A warning with advice for each such rule: `file:line: rule: ...`. */
export function idleDenials(documents: readonly PolicyDocument[]): string[] {
  return documents
    .flatMap(({ ruleSets }) => ruleSets.flatMap(({ rules }) => rules))
    .flatMap((rule) => {
      const absent = rule.action === 'deny' ? rule.peers.flatMap(namesIn) : [];
      return absent.length === 0 ? [] : [warning(rule, [...new Set(absent)])];
    });
}

function warning({ position, name, direction }: Rule, absent: readonly string[]): string {
  const cidr = direction === 'ingress' ? 'fromCIDR' : 'toCIDR';
  const what = `denies ${absent.join(' and ')}, which nothing on this node is`;
  return `${position.file}:${position.line}: ${name}: ${what} (deny addresses instead, by ${cidr})`;
}

function namesIn(peer: PeerSelector): string[] {
  return wantedNames(peer).filter((name) => ABSENT_NAMES.includes(name));
}

function wantedNames(peer: PeerSelector): string[] {
  if (peer.kind === 'entity') return [peer.entity];
  if (peer.kind !== 'labels') return [];
  return peer.selector.requirements
    .filter(({ source, operator }) => {
      return source === 'reserved' && (operator === 'In' || operator === 'Exists');
    })
    .map(({ key }) => key);
}
