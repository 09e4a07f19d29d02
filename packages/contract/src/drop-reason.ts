/** Why a packet was dropped. The numbers are Cilium's; a number is never used for anything else. */

export enum DropReason {
  InvalidSourceMac = 130,
  InvalidDestinationMac = 131,
  InvalidSourceAddress = 132,
  PolicyDenied = 133,
  InvalidPacket = 134,
  TruncatedHeader = 135,
  UnknownTransport = 137,
  UnsupportedNetworkProtocol = 139,
  MissedTailCall = 140,
  UnknownTargetAddress = 150,
  ChecksumNotUpdated = 154,
  ConnectionNotCreated = 155,
  InvalidExtensionHeader = 156,
  UnknownConnectionState = 163,
  UnsupportedLinkProtocol = 166,
  NoMasqueradeMapping = 167,
  UnsupportedMasqueradeProtocol = 168,
  InvalidIdentity = 171,
  FirstFragmentNotFound = 175,
  ForbiddenIcmpv6Message = 176,
  PolicyDenyRule = 181,
  VlanFiltered = 182,
  TtlExceeded = 196,
  EndpointNotReady = 203,
}

/** Who can make the drop go away: who wrote a rule, who runs the node, or who wrote Skep. */
export type DropRemedy = 'rule author' | 'operator' | 'skep';

/** What people are told of one reason: its label, what happened, and who can end it. */
export interface DropReasonRow {
  readonly reason: DropReason;
  /** As `skep observe` and the metrics show it. */
  readonly name: string;
  readonly sentence: string;
  readonly remedy: DropRemedy;
}

function row(
  reason: DropReason,
  name: string,
  remedy: DropRemedy,
  sentence: string,
): DropReasonRow {
  return { reason, name, sentence, remedy };
}

/** One row for each reason, in the order of the numbers. */
export const dropReasons: readonly DropReasonRow[] = [
  row(
    130,
    'invalid source mac',
    'operator',
    'The frame was sent with another MAC address than the endpoint has.',
  ),
  row(
    131,
    'invalid destination mac',
    'operator',
    'The frame was sent to another MAC address than the gateway has.',
  ),
  row(
    132,
    'invalid source ip',
    'operator',
    'An endpoint sent it from an address that it does not have, or somebody outside from one of ' +
      'this node.',
  ),
  row(
    133,
    'policy denied',
    'rule author',
    'Policy is enforced in this direction and no rule allows the packet.',
  ),
  row(134, 'invalid packet', 'operator', 'The packet contradicts itself.'),
  row(135, 'truncated header', 'operator', 'The packet ends before its headers do.'),
  row(
    137,
    'unknown transport',
    'operator',
    'The transport protocol is not TCP, UDP, SCTP or ICMP.',
  ),
  row(139, 'unsupported network protocol', 'operator', 'The packet is neither IPv4, IPv6 nor ARP.'),
  row(140, 'missed tail call', 'skep', 'The program that decides is not loaded.'),
  row(
    150,
    'unknown target address',
    'operator',
    'The address is a multicast, broadcast or unspecified one.',
  ),
  row(154, 'checksum not updated', 'skep', 'The packet could not be written to.'),
  row(155, 'connection not created', 'skep', 'The flow could not be remembered.'),
  row(
    156,
    'invalid extension header',
    'operator',
    'An IPv6 extension header is out of place, there are too many, or one leads on from here.',
  ),
  row(
    163,
    'unknown connection state',
    'operator',
    'The packet belongs to no flow and cannot begin one.',
  ),
  row(166, 'unsupported link protocol', 'operator', 'The frame is not Ethernet II.'),
  row(
    167,
    'no masquerade mapping',
    'operator',
    'The node has no port left for the destination, or no address to masquerade with.',
  ),
  row(
    168,
    'unsupported masquerade protocol',
    'operator',
    'Only TCP, UDP and ICMP echo can be masqueraded.',
  ),
  row(171, 'invalid identity', 'skep', 'The address has no identity.'),
  row(
    175,
    'first fragment not found',
    'operator',
    'A later fragment came without, or before, the first.',
  ),
  row(
    176,
    'forbidden icmpv6 message',
    'operator',
    'An endpoint may not send this kind of ICMPv6 message.',
  ),
  row(181, 'denied by rule', 'rule author', 'A deny rule matches the packet.'),
  row(
    182,
    'vlan filtered',
    'operator',
    'An endpoint sent a frame with a VLAN tag, or one for the node has two that say nothing.',
  ),
  row(196, 'ttl exceeded', 'operator', 'The packet has passed as many routers as it may.'),
  row(203, 'endpoint not ready', 'operator', 'The endpoint exists but is not set up yet.'),
];

const byReason = new Map(dropReasons.map((entry) => [entry.reason, entry]));

/** The row of a number as an event carries it; unknown numbers are shown as such. */
export function describeDropReason(reason: number): DropReasonRow {
  const unknown = { reason, name: `reason ${reason}`, sentence: 'Unknown.', remedy: 'skep' };
  return byReason.get(reason) ?? (unknown as DropReasonRow);
}
