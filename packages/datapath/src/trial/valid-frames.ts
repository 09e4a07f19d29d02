/** One valid frame of each kind that the datapath reads: what malformed ones are made from. */
import { ArpOperation, makeArpFrame, makePacket, TcpFlag } from '@skep/wire';
import type { HookName } from './engine.ts';
import { arriving, sent, tcp, udp } from './packet-case.ts';
import {
  ANNA,
  BERT,
  GATEWAY_MAC,
  type TrialEndpoint,
  WORLD_ADDRESS,
  WORLD_ADDRESS6,
} from './world.ts';

const SYN = tcp(40_000, 80, TcpFlag.SYN);
const MACS = { sourceMac: ANNA.mac, destinationMac: GATEWAY_MAC };
/** fd00::fe, then the option with the sender's MAC address. */
const SOLICITED = Uint8Array.from([
  ...[0xfd, ...new Array<number>(14).fill(0), 0xfe],
  ...[1, 1, 2, 0, 0, 0, 0, 1],
]);
const EXTENSIONS = [0, 43, 60].map((type) => ({ type, body: new Uint8Array(7) }));
const PADDING = { payload: new Uint8Array(16) };

/** What is common to both directions, between an endpoint and a peer given by its two addresses. */
function frames(
  make: (isIpv6: boolean, transport: Parameters<typeof sent>[2]) => Uint8Array,
): Record<string, Uint8Array> {
  const quoted = makePacket({ source: ANNA.ipv4, destination: WORLD_ADDRESS, ...SYN });
  const quoted6 = makePacket({ source: ANNA.ipv6, destination: WORLD_ADDRESS6, ...SYN });
  return {
    'ipv4 tcp': make(false, SYN),
    'ipv4 udp': make(false, udp(40_000, 53)),
    'ipv4 echo': make(false, { icmp: { type: 8, identifier: 9 } }),
    'ipv4 options': make(false, { ...SYN, options: new Uint8Array(40).fill(1) }),
    'ipv4 first fragment': make(false, { ...SYN, moreFragments: true, identification: 7 }),
    'ipv4 later fragment': make(false, { ...SYN, ...PADDING, fragmentOffset: 64 }),
    'ipv4 error': make(false, { icmp: { type: 3, code: 3 }, payload: quoted }),
    'ipv4 sctp': make(false, { protocol: 132, ...PADDING }),
    'ipv6 tcp': make(true, SYN),
    'ipv6 udp': make(true, udp(40_000, 53)),
    'ipv6 echo': make(true, { icmp: { type: 128, identifier: 9 } }),
    'ipv6 extensions': make(true, { ...SYN, extensions: EXTENSIONS }),
    'ipv6 first fragment': make(true, { ...SYN, moreFragments: true, identification: 7 }),
    'ipv6 later fragment': make(true, { ...SYN, ...PADDING, fragmentOffset: 64 }),
    'ipv6 error': make(true, { icmp: { type: 1, code: 4 }, payload: quoted6 }),
  };
}

const SOLICITATION = { icmp: { type: 135 }, payload: SOLICITED, ttl: 255 };
const ADVERTISEMENT = { ...SOLICITATION, icmp: { type: 136 } };
const ARP = { senderMac: ANNA.mac, senderAddress: ANNA.ipv4, targetAddress: '10.0.0.254' };
const ARP_ANSWER = { ...ARP, operation: ArpOperation.Reply, targetMac: GATEWAY_MAC };

/** By hook and name; anna sends to bert, or is sent something from the world. */
export const VALID_FRAMES: Readonly<Record<HookName, Readonly<Record<string, Uint8Array>>>> = {
  from: {
    ...frames((isIpv6, transport) => sent(ANNA, isIpv6 ? BERT.ipv6 : BERT, transport)),
    solicitation: sent(ANNA, 'ff02::1:ff00:fe', { ...SOLICITATION, ...MACS }),
    'arp request': makeArpFrame(ARP),
    'arp answer': makeArpFrame(ARP_ANSWER),
  },
  to: {
    ...frames((isIpv6, transport) =>
      arriving(isIpv6 ? WORLD_ADDRESS6 : WORLD_ADDRESS, ANNA, transport),
    ),
    solicitation: arriving('fd00::fe', ANNA, SOLICITATION),
    advertisement: arriving('fd00::fe', ANNA, ADVERTISEMENT),
    'arp request': makeArpFrame({ ...ARP, senderMac: GATEWAY_MAC, senderAddress: '10.0.0.254' }),
  },
};

/** What an endpoint sends to the world. */
export function sentToTheWorld(endpoint: TrialEndpoint): Uint8Array[] {
  const all = frames((isIpv6, transport) =>
    sent(endpoint, isIpv6 ? WORLD_ADDRESS6 : WORLD_ADDRESS, transport),
  );
  return Object.values(all);
}
