/** Between endpoints, to the node, out of it; and what an endpoint may not send. */
import { DropReason } from '@skep/contract';
import { makeArpFrame, TcpFlag } from '@skep/wire';
import {
  annaGets,
  annaSends,
  bertGets,
  bertSends,
  arriving,
  type PacketCase,
  sent,
  tcp,
  udp,
} from '../packet-case.ts';
import {
  ANNA,
  BERT,
  clearEndpoint,
  GATEWAY_MAC,
  NODE_ADDRESS,
  WORLD_ADDRESS,
  WORLD_ADDRESS6,
} from '../world.ts';

const SYN = tcp(40000, 80, TcpFlag.SYN);

/** What anna's segment looks like at bert: one hop less, link addresses of bert's link. */
const delivered = sent(ANNA, BERT, {
  ...SYN,
  ttl: 63,
  sourceMac: GATEWAY_MAC,
  destinationMac: BERT.mac,
});
const delivered6 = sent(ANNA, BERT.ipv6, {
  ...SYN,
  ttl: 63,
  sourceMac: GATEWAY_MAC,
  destinationMac: BERT.mac,
});

/** Rows about where packets go. */
export const forwardingCases: readonly PacketCase[] = [
  {
    sentence: 'a segment to another endpoint is routed straight into its namespace',
    steps: [{ ...annaSends(sent(ANNA, BERT, SYN), 'to peer'), out: delivered }],
    after: ['new TCP 10.0.0.1:40000 > 10.0.0.2:80 1+0'],
  },
  {
    sentence: 'the same over IPv6',
    steps: [{ ...annaSends(sent(ANNA, BERT.ipv6, SYN), 'to peer'), out: delivered6 }],
    after: ['new TCP [fd00::1]:40000 > [fd00::2]:80 1+0'],
  },
  {
    sentence: 'a second segment of the flow goes the same way',
    steps: [
      annaSends(sent(ANNA, BERT, SYN), 'to peer'),
      bertSends(sent(BERT, ANNA, tcp(80, 40000, TcpFlag.SYN | TcpFlag.ACK)), 'to peer'),
      annaSends(sent(ANNA, BERT, tcp(40000, 80, TcpFlag.ACK)), 'to peer'),
      annaSends(sent(ANNA, BERT, tcp(40000, 80, TcpFlag.ACK | TcpFlag.PSH)), 'to peer'),
    ],
    after: ['known TCP 10.0.0.1:40000 > 10.0.0.2:80 3+1, answered'],
  },
  {
    sentence: 'the last hop is left to the stack, which tells the sender',
    steps: [annaSends(sent(ANNA, BERT, { ...SYN, ttl: 1 }), 'pass')],
    after: ['new TCP 10.0.0.1:40000 > 10.0.0.2:80 1+0'],
  },
  {
    sentence: 'the node and the world are reached by the stack',
    steps: [
      annaSends(sent(ANNA, NODE_ADDRESS, SYN), 'pass'),
      annaSends(sent(ANNA, WORLD_ADDRESS, udp(1000, 53)), 'pass'),
      annaSends(sent(ANNA, WORLD_ADDRESS6, udp(1000, 53)), 'pass'),
    ],
    after: [
      'new TCP 10.0.0.1:40000 > 10.0.0.254:80 1+0',
      'new UDP 10.0.0.1:1000 > 192.0.2.7:53 1+0',
      'new UDP [fd00::1]:1000 > [2001:db8::7]:53 1+0',
    ],
  },
  {
    sentence: 'what the stack brings from the node and the world is delivered',
    steps: [
      annaGets(arriving(NODE_ADDRESS, ANNA, SYN), 'pass'),
      bertGets(arriving(WORLD_ADDRESS, BERT, udp(53, 1000)), 'pass'),
    ],
    after: [
      'new TCP 10.0.0.254:40000 > 10.0.0.1:80 1+0',
      'new UDP 192.0.2.7:53 > 10.0.0.2:1000 1+0',
    ],
  },
  {
    sentence: 'a packet for another address is not delivered here',
    steps: [annaGets(arriving(NODE_ADDRESS, BERT, SYN), 'drop', DropReason.UnknownTargetAddress)],
  },
  {
    sentence: 'one endpoint does not come by way of the stack',
    steps: [
      bertGets(arriving(ANNA.ipv4, BERT, SYN), 'drop', DropReason.InvalidSourceAddress),
      annaSends(sent(ANNA, BERT, SYN), 'to peer'),
      bertGets(arriving(ANNA.ipv4, BERT, SYN), 'drop', DropReason.InvalidSourceAddress),
    ],
    after: ['new TCP 10.0.0.1:40000 > 10.0.0.2:80 1+0'],
  },
  {
    sentence: "another's SYN by way of the stack does not end a connection that is half closed",
    steps: [
      annaSends(sent(ANNA, BERT, SYN), 'to peer'),
      bertSends(sent(BERT, ANNA, tcp(80, 40000, TcpFlag.SYN | TcpFlag.ACK)), 'to peer'),
      annaSends(sent(ANNA, BERT, tcp(40000, 80, TcpFlag.FIN | TcpFlag.ACK)), 'to peer'),
      bertGets(arriving(ANNA.ipv4, BERT, SYN), 'drop', DropReason.InvalidSourceAddress),
      bertSends(sent(BERT, ANNA, tcp(80, 40000, TcpFlag.ACK)), 'to peer'),
    ],
    after: ['known TCP 10.0.0.1:40000 > 10.0.0.2:80 2+2, answered, initiator finished'],
  },
  {
    sentence: 'an endpoint that is known by its address only gets nothing yet',
    before: (tables) => clearEndpoint(tables, BERT),
    steps: [annaSends(sent(ANNA, BERT, SYN), 'drop', DropReason.EndpointNotReady)],
  },
  {
    sentence: 'what is on its way to an endpoint that goes is a drop and nothing else',
    steps: [
      annaSends(sent(ANNA, BERT, udp(1, 2)), 'to peer'),
      (tables) => clearEndpoint(tables, BERT),
      annaSends(sent(ANNA, BERT, udp(1, 2)), 'drop', DropReason.EndpointNotReady),
    ],
    after: ['new UDP 10.0.0.1:1 > 10.0.0.2:2 2+0'],
  },
  {
    sentence: "another's MAC address is refused",
    steps: [
      annaSends(
        sent(ANNA, BERT, { ...SYN, sourceMac: BERT.mac }),
        'drop',
        DropReason.InvalidSourceMac,
      ),
    ],
  },
  {
    sentence: "another's IP address is refused",
    steps: [
      annaSends(
        sent(ANNA, WORLD_ADDRESS, { ...SYN, source: BERT.ipv4 }),
        'drop',
        DropReason.InvalidSourceAddress,
      ),
      annaSends(
        sent(ANNA, WORLD_ADDRESS6, { ...SYN, source: BERT.ipv6 }),
        'drop',
        DropReason.InvalidSourceAddress,
      ),
      annaSends(
        sent(ANNA, WORLD_ADDRESS6, { ...SYN, source: '::ffff:10.0.0.1' }),
        'drop',
        DropReason.InvalidSourceAddress,
      ),
    ],
  },
  {
    sentence: 'frames go to the gateway and to no other MAC address',
    steps: [
      annaSends(
        sent(ANNA, BERT, { ...SYN, destinationMac: BERT.mac }),
        'drop',
        DropReason.InvalidDestinationMac,
      ),
    ],
  },
  {
    sentence: 'a VLAN tag is refused',
    steps: [annaSends(sent(ANNA, BERT, { ...SYN, vlan: 7 }), 'drop', DropReason.VlanFiltered)],
  },
  {
    sentence: 'multicast, loopback and nowhere are no targets',
    steps: ['224.0.0.1', '255.255.255.255', '127.0.0.1', '0.0.0.0'].map((target) =>
      annaSends(sent(ANNA, target, udp(1, 2)), 'drop', DropReason.UnknownTargetAddress),
    ),
  },
  {
    sentence: 'nor are they over IPv6, nor is what is only on the link',
    steps: ['ff02::1', 'ff05::2', '::', '::1', 'fe80::fe'].map((target) =>
      annaSends(sent(ANNA, target, udp(1, 2)), 'drop', DropReason.UnknownTargetAddress),
    ),
  },
  {
    sentence: 'an ether type that nobody asked for is refused',
    steps: [
      annaSends(
        withType(sent(ANNA, BERT, SYN), 0x88cc),
        'drop',
        DropReason.UnsupportedNetworkProtocol,
      ),
    ],
  },
  {
    sentence: 'ARP for the gateway is answered in place',
    steps: [
      {
        ...annaSends(
          makeArpFrame({
            senderMac: ANNA.mac,
            senderAddress: ANNA.ipv4,
            targetAddress: '169.254.1.1',
          }),
          'answer',
        ),
        out: makeArpFrame({
          operation: 2,
          senderMac: GATEWAY_MAC,
          senderAddress: '169.254.1.1',
          targetMac: ANNA.mac,
          targetAddress: ANNA.ipv4,
        }),
      },
    ],
  },
  {
    sentence: "ARP with another's address is refused",
    steps: [
      annaSends(
        makeArpFrame({
          senderMac: ANNA.mac,
          senderAddress: BERT.ipv4,
          targetAddress: '169.254.1.1',
        }),
        'drop',
        DropReason.InvalidSourceAddress,
      ),
    ],
  },
];

function withType(frame: Uint8Array, type: number): Uint8Array {
  const changed = frame.slice();
  new DataView(changed.buffer).setUint16(12, type);
  return changed;
}
