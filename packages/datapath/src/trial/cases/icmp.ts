/** Neighbour discovery, and ICMP errors that speak of a flow. */
import { DropReason } from '@skep/contract';
import { PolicyProtocol } from '@skep/policy';
import { Icmpv6Type, makeFrame, makePacket, TcpFlag } from '@skep/wire';
import type { Engine } from '../engine.ts';
import {
  annaGets,
  annaSends,
  arriving,
  bertSends,
  type PacketCase,
  sent,
  tcp,
  udp,
} from '../packet-case.ts';
import { ANNA, BERT, GATEWAY_MAC, OPEN_POLICY, setPolicy, WORLD_ADDRESS } from '../world.ts';

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

/** The beginning of a packet, as an ICMP error quotes it. */
function quote(source: string, destination: string, ports: ReturnType<typeof udp>): Uint8Array {
  return makePacket({ source, destination, ...ports });
}

function closeIngress(engine: Engine): void {
  const closed = { isEnforced: true, segments: [] };
  setPolicy(engine, ANNA, { ...OPEN_POLICY, ingress: closed }, 2);
}

/** Bytes from the frame's start to the hop limit of an IPv6 header. */
const HOP_LIMIT_AT = 21;
const UNREACHABLE = { icmp: { type: 3, code: 3 } };

/** Rows about ICMP and neighbour discovery. */
export const icmpCases: readonly PacketCase[] = [
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
  },
  {
    sentence: 'a solicitation that was routed is refused',
    steps: [annaSends(patchByte(solicitation, HOP_LIMIT_AT, 64), 'drop', DropReason.InvalidPacket)],
  },
  {
    sentence: 'router advertisements from an endpoint are refused, solicitations ignored',
    steps: [
      annaSends(
        sent(ANNA, BERT.ipv6, { icmp: { type: Icmpv6Type.RouterAdvertisement } }),
        'drop',
        DropReason.ForbiddenIcmpv6Message,
      ),
      annaSends(
        sent(ANNA, 'ff02::2', { icmp: { type: Icmpv6Type.RouterSolicitation } }),
        'drop',
        DropReason.ForbiddenIcmpv6Message,
      ),
    ],
  },
  {
    sentence: 'an error about a flow reaches who sent what it quotes, past closed ingress',
    before: closeIngress,
    steps: [
      annaSends(sent(ANNA, BERT, udp(5000, 6000)), 'to peer'),
      bertSends(
        sent(BERT, ANNA, { ...UNREACHABLE, payload: quote(ANNA.ipv4, BERT.ipv4, udp(5000, 6000)) }),
        'to peer',
      ),
      annaSends(sent(ANNA, WORLD_ADDRESS, udp(5000, 6000)), 'pass'),
      annaGets(
        arriving('203.0.113.1', ANNA, {
          icmp: { type: 11 },
          payload: quote(ANNA.ipv4, WORLD_ADDRESS, udp(5000, 6000)),
        }),
        'pass',
      ),
    ],
  },
  {
    sentence: 'the same over IPv6',
    before: closeIngress,
    steps: [
      annaSends(sent(ANNA, BERT.ipv6, udp(5000, 6000)), 'to peer'),
      bertSends(
        sent(BERT, ANNA.ipv6, {
          icmp: { type: 1, code: 4 },
          payload: quote(ANNA.ipv6, BERT.ipv6, udp(5000, 6000)),
        }),
        'to peer',
      ),
    ],
  },
  {
    sentence: 'an error about a flow that never was is decided by policy',
    before: closeIngress,
    steps: [
      bertSends(
        sent(BERT, ANNA, { ...UNREACHABLE, payload: quote(ANNA.ipv4, BERT.ipv4, udp(1, 2)) }),
        'drop',
        DropReason.PolicyDenied,
      ),
    ],
  },
  {
    sentence: 'an error that quotes what another has sent is decided by policy',
    before: closeIngress,
    steps: [
      annaSends(sent(ANNA, WORLD_ADDRESS, udp(5000, 6000)), 'pass'),
      bertSends(
        sent(BERT, ANNA, {
          ...UNREACHABLE,
          payload: quote(WORLD_ADDRESS, ANNA.ipv4, udp(6000, 5000)),
        }),
        'drop',
        DropReason.PolicyDenied,
      ),
    ],
  },
  {
    sentence: 'errors about a denied flow do not pass with it',
    before: (engine) => {
      closeIngress(engine);
      const closed = { isEnforced: true, segments: [] };
      setPolicy(engine, ANNA, { ingress: closed, egress: closed }, 3);
    },
    steps: [
      annaSends(sent(ANNA, BERT, tcp(1, 2, TcpFlag.SYN)), 'drop', DropReason.PolicyDenied),
      bertSends(
        sent(BERT, ANNA, {
          ...UNREACHABLE,
          payload: quote(ANNA.ipv4, BERT.ipv4, tcp(1, 2, TcpFlag.SYN) as ReturnType<typeof udp>),
        }),
        'drop',
        DropReason.PolicyDenied,
      ),
    ],
  },
  {
    sentence: 'ICMP types are what rules name',
    before: (engine) => {
      const echo = { protocol: PolicyProtocol.Icmp, first: 8, last: 8, isAllowAll: true };
      const ingress = { isEnforced: true, segments: [echo] };
      setPolicy(engine, BERT, { ...OPEN_POLICY, ingress }, 2);
    },
    steps: [
      annaSends(sent(ANNA, BERT, { icmp: { type: 8, identifier: 1 } }), 'to peer'),
      annaSends(sent(ANNA, BERT, { icmp: { type: 13 } }), 'drop', DropReason.PolicyDenied),
    ],
  },
];

function patchByte(frame: Uint8Array, offset: number, value: number): Uint8Array {
  const changed = frame.slice();
  changed[offset] = value;
  return changed;
}
