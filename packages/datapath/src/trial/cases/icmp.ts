/** ICMP: errors that speak of a flow, pings, and what else there is. */
import { DropReason } from '@skep/contract';
import { PolicyProtocol } from '@skep/policy';
import { IcmpType, Icmpv6Type, IpProtocol, makePacket, TcpFlag } from '@skep/wire';
import {
  annaGets,
  annaSends,
  arriving,
  bertSends,
  type PacketCase,
  patchByte,
  sent,
  type Transport,
  tcp,
  udp,
} from '../packet-case.ts';
import type { TrialTables } from '../tables.ts';
import { ANNA, BERT, OPEN_POLICY, setPolicy } from '../world.ts';
import { WORLD_ADDRESS, WORLD_ADDRESS6 } from '../world.ts';

/** The beginning of a packet, as an ICMP error quotes it. */
function quote(source: string, destination: string, ports: ReturnType<typeof udp>): Uint8Array {
  return makePacket({ source, destination, ...ports });
}

const OPTIONS = { type: IpProtocol.DestinationOptions, body: Uint8Array.of(0, 1, 4, 0, 0, 0, 0) };

/** What a router on anna's way to the world says of a packet that she has sent. */
function tooBig(transport: Transport): Uint8Array {
  const payload = makePacket({ source: ANNA.ipv4, destination: WORLD_ADDRESS, ...transport });
  return arriving('203.0.113.1', ANNA, { icmp: { type: 3, code: 4 }, payload });
}

function tooBig6(transport: Transport): Uint8Array {
  const payload = makePacket({ source: ANNA.ipv6, destination: WORLD_ADDRESS6, ...transport });
  return arriving('2001:db8:1::1', ANNA, { icmp: { type: Icmpv6Type.PacketTooBig }, payload });
}

function closeIngress(tables: TrialTables): void {
  const closed = { isEnforced: true, segments: [] };
  setPolicy(tables, ANNA, { ...OPEN_POLICY, ingress: closed }, 2);
}

const UNREACHABLE = { icmp: { type: 3, code: 3 } };

/** Rows about ICMP and neighbour discovery. */
export const icmpCases: readonly PacketCase[] = [
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
    after: [
      'new UDP 10.0.0.1:5000 > 10.0.0.2:6000 1+0',
      'new UDP 10.0.0.1:5000 > 192.0.2.7:6000 1+0',
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
    after: ['new UDP [fd00::1]:5000 > [fd00::2]:6000 1+0'],
  },
  {
    sentence: 'an error about a flow passes after one that was denied, and renews nothing of it',
    before: closeIngress,
    steps: [
      annaSends(sent(ANNA, WORLD_ADDRESS, udp(5000, 6000)), 'pass'),
      annaGets(tooBig(udp(5000, 6001)), 'drop', DropReason.PolicyDenied),
      annaGets(tooBig(udp(5000, 6000)), 'pass'),
      annaGets(tooBig(udp(5000, 6000)), 'pass'),
      annaSends(sent(ANNA, WORLD_ADDRESS6, udp(5000, 6000)), 'pass'),
      annaGets(tooBig6(udp(5000, 6001)), 'drop', DropReason.PolicyDenied),
      annaGets(tooBig6(udp(5000, 6000)), 'pass'),
    ],
    after: [
      'new ICMP 203.0.113.1:772 > 10.0.0.1:1 denied: policy denied',
      'new ICMPv6 [2001:db8:1::1]:512 > [fd00::1]:1 denied: policy denied',
      'new UDP 10.0.0.1:5000 > 192.0.2.7:6000 1+0',
      'new UDP [fd00::1]:5000 > [2001:db8::7]:6000 1+0',
    ],
  },
  {
    sentence: 'an error about a packet with extension headers reaches who sent it',
    before: closeIngress,
    steps: [
      annaSends(sent(ANNA, WORLD_ADDRESS6, udp(5000, 6000)), 'pass'),
      annaGets(tooBig6({ ...udp(5000, 6000), extensions: [OPTIONS] }), 'pass'),
      annaGets(tooBig6({ ...udp(5000, 6000), moreFragments: true }), 'pass'),
      // Only the first fragment says what flow it is of.
      annaGets(tooBig6({ ...udp(5000, 6000), fragmentOffset: 8 }), 'drop', DropReason.PolicyDenied),
    ],
    after: [
      'new ICMPv6 [2001:db8:1::1]:512 > [fd00::1]:1 denied: policy denied',
      'new UDP [fd00::1]:5000 > [2001:db8::7]:6000 1+0',
    ],
  },
  {
    sentence: 'an error about a message that is no ping passes with that message, not with a ping',
    before: closeIngress,
    steps: [
      annaSends(sent(ANNA, WORLD_ADDRESS, { icmp: { type: 8, identifier: 7 } }), 'pass'),
      annaGets(tooBig({ icmp: { type: 13, identifier: 7 } }), 'drop', DropReason.PolicyDenied),
      annaSends(sent(ANNA, WORLD_ADDRESS, { icmp: { type: 13, identifier: 7 } }), 'pass'),
      annaGets(tooBig({ icmp: { type: 13, identifier: 7 } }), 'pass'),
      annaGets(tooBig({ icmp: { type: 8, identifier: 7 } }), 'pass'),
    ],
    after: [
      'new ICMP 10.0.0.1:3328 > 192.0.2.7:1 1+0',
      'new ICMP 10.0.0.1:7 > 192.0.2.7:0 1+0',
      'new ICMP 203.0.113.1:772 > 10.0.0.1:1 denied: policy denied',
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
    after: ['new ICMP 10.0.0.2:771 > 10.0.0.1:1 denied: policy denied'],
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
    after: [
      'new ICMP 10.0.0.2:771 > 10.0.0.1:1 denied: policy denied',
      'new UDP 10.0.0.1:5000 > 192.0.2.7:6000 1+0',
    ],
  },
  {
    sentence: 'an error from an endpoint about what was not sent to it is decided by policy',
    before: closeIngress,
    steps: [
      annaSends(sent(ANNA, WORLD_ADDRESS, udp(5000, 6000)), 'pass'),
      bertSends(
        sent(BERT, ANNA, {
          ...UNREACHABLE,
          payload: quote(ANNA.ipv4, WORLD_ADDRESS, udp(5000, 6000)),
        }),
        'drop',
        DropReason.PolicyDenied,
      ),
    ],
    after: [
      'new ICMP 10.0.0.2:771 > 10.0.0.1:1 denied: policy denied',
      'new UDP 10.0.0.1:5000 > 192.0.2.7:6000 1+0',
    ],
  },
  {
    sentence: 'an error that quotes no packet of its family is decided by policy',
    before: closeIngress,
    steps: [
      annaSends(sent(ANNA, BERT, udp(5000, 6000)), 'to peer'),
      // Another version, and a header of no length.
      ...[0x65, 0x40].map((first) =>
        bertSends(
          sent(BERT, ANNA, {
            ...UNREACHABLE,
            payload: patchByte(quote(ANNA.ipv4, BERT.ipv4, udp(5000, 6000)), 0, first),
          }),
          'drop',
          DropReason.PolicyDenied,
        ),
      ),
      annaSends(sent(ANNA, BERT.ipv6, udp(5000, 6000)), 'to peer'),
      bertSends(
        sent(BERT, ANNA.ipv6, {
          icmp: { type: 1, code: 4 },
          payload: patchByte(quote(ANNA.ipv6, BERT.ipv6, udp(5000, 6000)), 0, 0x70),
        }),
        'drop',
        DropReason.PolicyDenied,
      ),
    ],
    after: [
      'new ICMP 10.0.0.2:771 > 10.0.0.1:1 denied: policy denied',
      'new ICMPv6 [fd00::2]:260 > [fd00::1]:1 denied: policy denied',
      'new UDP 10.0.0.1:5000 > 10.0.0.2:6000 1+0',
      'new UDP [fd00::1]:5000 > [fd00::2]:6000 1+0',
    ],
  },
  {
    sentence: 'errors about a denied flow do not pass with it',
    before: (tables) => {
      closeIngress(tables);
      const closed = { isEnforced: true, segments: [] };
      setPolicy(tables, ANNA, { ingress: closed, egress: closed }, 3);
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
    after: [
      'new ICMP 10.0.0.2:771 > 10.0.0.1:1 denied: policy denied',
      'new TCP 10.0.0.1:1 > 10.0.0.2:2 denied: policy denied',
    ],
  },
  {
    sentence: 'an answer to no question begins nothing, and opens no way for questions',
    before: closeIngress,
    steps: [
      annaSends(
        sent(ANNA, BERT, { icmp: { type: IcmpType.EchoReply, identifier: 7 } }),
        'drop',
        DropReason.UnknownConnectionState,
      ),
      bertSends(
        sent(BERT, ANNA, { icmp: { type: IcmpType.EchoRequest, identifier: 7 } }),
        'drop',
        DropReason.PolicyDenied,
      ),
      annaSends(
        sent(ANNA, BERT.ipv6, { icmp: { type: Icmpv6Type.EchoReply, identifier: 7 } }),
        'drop',
        DropReason.UnknownConnectionState,
      ),
    ],
    after: ['new ICMP 10.0.0.2:7 > 10.0.0.1:0 denied: policy denied'],
  },
  {
    sentence: 'a reserved type of ICMPv6 does not pass for the answer to a ping',
    before: closeIngress,
    steps: [
      annaSends(
        sent(ANNA, BERT.ipv6, { icmp: { type: Icmpv6Type.EchoRequest, identifier: 1 } }),
        'to peer',
      ),
      bertSends(
        sent(BERT, ANNA.ipv6, { icmp: { type: 0, code: 0 } }),
        'drop',
        DropReason.InvalidPacket,
      ),
    ],
    after: ['new ICMPv6 [fd00::1]:1 > [fd00::2]:0 1+0'],
  },
  {
    sentence: 'ICMP types are what rules name',
    before: (tables) => {
      const echo = { protocol: PolicyProtocol.Icmp, first: 8, last: 8, isAllowAll: true };
      const ingress = { isEnforced: true, segments: [echo] };
      setPolicy(tables, BERT, { ...OPEN_POLICY, ingress }, 2);
    },
    steps: [
      annaSends(sent(ANNA, BERT, { icmp: { type: 8, identifier: 1 } }), 'to peer'),
      annaSends(sent(ANNA, BERT, { icmp: { type: 13 } }), 'drop', DropReason.PolicyDenied),
    ],
    after: [
      'new ICMP 10.0.0.1:1 > 10.0.0.2:0 1+0',
      'new ICMP 10.0.0.1:3328 > 10.0.0.2:1 denied: policy denied',
    ],
  },
];
