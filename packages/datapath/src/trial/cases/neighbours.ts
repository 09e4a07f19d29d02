/** Neighbour discovery: what an endpoint may ask and say on its link. */
import { DropReason } from '@skep/contract';
import { Icmpv6Type, makeFrame } from '@skep/wire';
import {
  annaGets,
  annaSends,
  arriving,
  type PacketCase,
  patchByte,
  type Step,
  sent,
} from '../packet-case.ts';
import type { TrialTables } from '../tables.ts';
import { ANNA, BERT, GATEWAY_MAC, OPEN_POLICY, setPolicy } from '../world.ts';

const GATEWAY = 'fe80::1';
/** fe80::1 as bytes. */
const GATEWAY_BYTES = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

/**
 * What follows the first 8 bytes of a solicitation or advertisement: target, option, MAC address.
 */
function neighbour(target: readonly number[], option: number, mac: string): Uint8Array {
  const macBytes = mac.split(':').map((pair) => Number.parseInt(pair, 16));
  return Uint8Array.from([...target, option, 1, ...macBytes]);
}

const solicitation = makeFrame({
  sourceMac: ANNA.mac,
  destinationMac: '33:33:ff:00:00:01',
  source: ANNA.ipv6,
  destination: 'ff02::1:ff00:1',
  ttl: 255,
  icmp: { type: Icmpv6Type.NeighborSolicitation },
  payload: neighbour(GATEWAY_BYTES, 1, ANNA.mac),
});

const advertisement = makeFrame({
  sourceMac: GATEWAY_MAC,
  destinationMac: ANNA.mac,
  source: GATEWAY,
  destination: ANNA.ipv6,
  ttl: 255,
  icmp: { type: Icmpv6Type.NeighborAdvertisement, identifier: 0x6000 },
  payload: neighbour(GATEWAY_BYTES, 2, GATEWAY_MAC),
});

function closeIngress(tables: TrialTables): void {
  const closed = { isEnforced: true, segments: [] };
  setPolicy(tables, ANNA, { ...OPEN_POLICY, ingress: closed }, 2);
}

function unreported(step: Step): Step {
  return { ...step, isUnreported: true };
}

const LINK_TALK = { ttl: 255, icmp: { type: Icmpv6Type.NeighborAdvertisement } };
/** Bytes from the frame's start to the hop limit of an IPv6 header. */
const HOP_LIMIT_AT = 21;

/** Rows about neighbours. */
export const neighbourCases: readonly PacketCase[] = [
  {
    sentence: 'a neighbour solicitation for the gateway is answered in place',
    steps: [{ ...annaSends(solicitation, 'answer'), out: advertisement }],
  },
  {
    sentence: 'closed ingress does not keep an endpoint from its gateway',
    before: closeIngress,
    steps: [
      { ...annaSends(solicitation, 'answer'), out: advertisement },
      annaGets(advertisement, 'pass'),
      annaGets(patchByte(advertisement, HOP_LIMIT_AT, 254), 'drop', DropReason.PolicyDenied),
    ],
    after: ['new ICMPv6 [fe80::1]:34816 > [fd00::1]:1 denied: policy denied'],
  },
  {
    sentence: 'an answer about a neighbour gets to the address that the endpoint has given itself',
    before: closeIngress,
    steps: [
      annaGets(arriving('fe80::fe', ANNA, { ...LINK_TALK, destination: 'fe80::1:1' }), 'pass'),
      annaGets(
        arriving('fe80::fe', ANNA, { ...LINK_TALK, destination: 'fe80::1:1', ttl: 64 }),
        'drop',
        DropReason.UnknownTargetAddress,
      ),
    ],
  },
  {
    sentence: 'a solicitation that was routed is refused',
    steps: [annaSends(patchByte(solicitation, HOP_LIMIT_AT, 64), 'drop', DropReason.InvalidPacket)],
  },
  {
    sentence: 'an endpoint may not advertise routers',
    steps: [
      annaSends(
        sent(ANNA, BERT.ipv6, { icmp: { type: Icmpv6Type.RouterAdvertisement } }),
        'drop',
        DropReason.ForbiddenIcmpv6Message,
      ),
    ],
  },
  {
    sentence: 'what every host says when its interface comes up is counted and no more',
    steps: [
      unreported(
        annaSends(
          sent(ANNA, 'ff02::2', { icmp: { type: Icmpv6Type.RouterSolicitation } }),
          'drop',
          DropReason.ForbiddenIcmpv6Message,
        ),
      ),
      unreported(
        annaGets(
          arriving('fe80::fe', ANNA, { destination: 'ff02::1', icmp: { type: 143 } }),
          'drop',
          DropReason.UnknownTargetAddress,
        ),
      ),
    ],
  },
];
