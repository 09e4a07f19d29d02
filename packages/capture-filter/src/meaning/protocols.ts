/** What the names of protocols mean, alone and behind `proto`. */
import { EtherType, IpProtocol } from '@skep/wire';
import { etherProtocolNames, ipProtocolNames } from '../language/names.ts';
import type { Operand, Qualifiers } from '../language/syntax.ts';
import type { ProtocolWord } from '../language/words.ts';
import { all, both, type Condition, either, equals } from './condition.ts';
import type { Link } from './link.ts';
import { Refusal } from './refusal.ts';

/** Where IPv4 says what it carries. @source RFC 791 section 3.1 */
const IPV4_PROTOCOL_OFFSET = 9;
/** Where IPv6 says what comes next, and where the first header behind it begins. */
const IPV6_NEXT_OFFSET = 6;
const IPV6_LENGTH = 40;
const IGRP = 9;
const PIM = 103;
const VRRP = 112;

/** Protocols over IP: the number, and of which version where it is only one. */
const ipProtocols: Readonly<Partial<Record<ProtocolWord, readonly [number, 4 | 6 | null]>>> = {
  tcp: [IpProtocol.TCP, null],
  udp: [IpProtocol.UDP, null],
  sctp: [IpProtocol.SCTP, null],
  ah: [IpProtocol.AH, null],
  esp: [IpProtocol.ESP, null],
  pim: [PIM, null],
  icmp: [IpProtocol.ICMP, 4],
  igmp: [IpProtocol.IGMP, 4],
  igrp: [IGRP, 4],
  vrrp: [VRRP, 4],
  carp: [VRRP, 4],
  icmp6: [IpProtocol.ICMPv6, 6],
};

/** Whether the frame carries IPv4. */
export function isIpv4(link: Link): Condition {
  return link.carries(EtherType.IPv4);
}

/** Whether the frame carries IPv6. */
export function isIpv6(link: Link): Condition {
  return link.carries(EtherType.IPv6);
}

/** Whether an IPv4 packet carries this protocol; asks nothing else of it. */
export function hasIpv4Protocol(link: Link, protocol: number): Condition {
  return equals(link.bytes(1, IPV4_PROTOCOL_OFFSET), protocol);
}

/** Whether the first header behind IPv6's own is this; asks nothing else of it. */
export function hasIpv6Protocol(link: Link, protocol: number): Condition {
  return equals(link.bytes(1, IPV6_NEXT_OFFSET), protocol);
}

/** Whether an IPv4 packet is whole or a first fragment, so that it has a transport header. */
export function isFirstFragment(link: Link): Condition {
  return equals(link.bytes(2, 6), 0, 0x1fff);
}

/** IPv4 with this protocol, or IPv6 with it first, or first behind a fragment header. */
export function isIpProtocol(link: Link, protocol: number, version: 4 | 6 | null): Condition {
  if (version === null) {
    return either(isIpProtocol(link, protocol, 4), isIpProtocol(link, protocol, 6));
  }
  if (version === 4) return both(isIpv4(link), hasIpv4Protocol(link, protocol));
  const isFragment = both(
    hasIpv6Protocol(link, IpProtocol.Fragment),
    equals(link.bytes(1, IPV6_LENGTH), protocol),
  );
  return all(isIpv6(link), either(hasIpv6Protocol(link, protocol), isFragment));
}

/** A protocol's name alone. @throws Refusal for the link layer, which is no protocol */
export function protocolCondition(link: Link, word: ProtocolWord, column: number): Condition {
  const overIp = ipProtocols[word];
  if (overIp) return isIpProtocol(link, ...overIp);
  const type = etherProtocolNames[word];
  if (type !== undefined) return link.carries(type);
  throw new Refusal(column, `'${word}'`, `host, proto, broadcast, multicast or [ behind it`);
}

/** `proto N`, `ip proto N`, `ip6 proto N`, `ether proto N`. @throws Refusal */
export function protoCondition(link: Link, qualifiers: Qualifiers, operand: Operand): Condition {
  const { protocol } = qualifiers;
  const version = protocol === 'ip' ? 4 : protocol === 'ip6' ? 6 : null;
  if (protocol === 'ether') return link.carries(numberOf(operand, etherProtocolNames, 'ether'));
  if (protocol !== undefined && version === null) {
    throw new Refusal(operand.column, `proto behind ${protocol}`, 'ether, ip, ip6 or nothing');
  }
  return isIpProtocol(link, numberOf(operand, ipProtocolNames, 'IP'), version);
}

function numberOf(
  operand: Operand,
  names: Readonly<Record<string, number>>,
  layer: string,
): number {
  if (operand.kind === 'number') return operand.value;
  const { text, column } = operand;
  if (operand.kind === 'name' && Object.hasOwn(names, text)) return names[text]!;
  throw new Refusal(column, `'${text}'`, `an ${layer} protocol`, 'its number is always understood');
}
