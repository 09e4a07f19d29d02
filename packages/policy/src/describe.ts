/** Peers, ports and rules in the words of messages. */

import { formatPrefix } from '@skep/wire';
import { PolicyProtocol } from './decision-table.ts';
import { formatRequirement, type LabelSelector, NAMESPACE_KEY } from './labels.ts';
import type { PeerSelector, PortMatch, SourcePosition } from './model.ts';

/** `TCP`, `ICMPv6`, or `any other protocol`. */
export function describeProtocol(protocol: PolicyProtocol): string {
  switch (protocol) {
    case PolicyProtocol.Icmp:
      return 'ICMP';
    case PolicyProtocol.Tcp:
      return 'TCP';
    case PolicyProtocol.Udp:
      return 'UDP';
    case PolicyProtocol.Icmpv6:
      return 'ICMPv6';
    case PolicyProtocol.Sctp:
      return 'SCTP';
    case PolicyProtocol.Other:
      return 'any other protocol';
  }
}

/** `TCP 80`, `ICMP type 8`, `any other protocol`. */
export function describePort(protocol: PolicyProtocol, first: number, last = first): string {
  const name = describeProtocol(protocol);
  if (protocol === PolicyProtocol.Other) return name;
  const isIcmp = protocol === PolicyProtocol.Icmp || protocol === PolicyProtocol.Icmpv6;
  const what = isIcmp ? `${name} type` : name;
  if (first === 0 && last === 65535) return `${name}, all ports`;
  return first === last ? `${what} ${first}` : `${what} ${first}-${last}`;
}

/** All ports of a rule, joined by `or`. */
export function describePorts(ports: readonly PortMatch[]): string {
  const texts = ports.map((port) => {
    if (port.kind === 'any') return 'all ports';
    if (port.kind === 'range') return describePort(port.protocol, port.first, port.last);
    return `${describeProtocol(port.protocol)} port named '${port.name}'`;
  });
  return joinAlternatives(texts, 'no port');
}

/** All peers of a rule, joined by `or`. */
export function describePeers(peers: readonly PeerSelector[]): string {
  return joinAlternatives(peers.map(describePeer), 'nobody');
}

function describePeer(peer: PeerSelector): string {
  switch (peer.kind) {
    case 'all':
      return 'everybody';
    case 'entity':
      return `the entity ${peer.entity}`;
    case 'labels':
      return describeSelector(peer.selector);
    case 'prefix': {
      const except = peer.except.map(formatPrefix).join(', ');
      return formatPrefix(peer.prefix) + (except === '' ? '' : ` except ${except}`);
    }
  }
}

/** Endpoints of one namespace are said as such; what else is demanded follows. */
function describeSelector(selector: LabelSelector): string {
  const isNamespace = (key: string, operator: string) =>
    key === NAMESPACE_KEY && (operator === 'In' || operator === 'Exists');
  const namespace = selector.requirements.find(({ key, operator }) => isNamespace(key, operator));
  const others = selector.requirements.filter((requirement) => requirement !== namespace);
  const where = namespace?.values.length ? ` of namespace ${namespace.values.join(' or ')}` : '';
  const what = others.map(formatRequirement).join(' and ');
  return `endpoints${where}${what === '' ? '' : ` with ${what}`}`;
}

function joinAlternatives(texts: readonly string[], none: string): string {
  const shown = texts.slice(0, 4);
  if (texts.length > shown.length) shown.push(`${texts.length - shown.length} more`);
  return shown.length === 0 ? none : shown.join(' or ');
}

/** `'shop/api ingress[0]' (shop.yaml:14)`. */
export function describeRule(rule: { name: string; position: SourcePosition }): string {
  return `'${rule.name}' (${rule.position.file}:${rule.position.line})`;
}
