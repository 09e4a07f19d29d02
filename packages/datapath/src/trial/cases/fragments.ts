/** Fragments, extension headers, and packets that contradict themselves. */
import { DropReason } from '@skep/contract';
import { IpProtocol, TcpFlag } from '@skep/wire';
import { annaSends, type PacketCase, sent, tcp, udp } from '../packet-case.ts';
import { ANNA, BERT, setPolicy, OPEN_POLICY } from '../world.ts';

const SYN = tcp(40000, 80, TcpFlag.SYN);
const DATAGRAM = { ...udp(5000, 6000), payload: new Uint8Array(16), identification: 77 };
const PADDING = Uint8Array.of(0, 1, 4, 0, 0, 0, 0);

function cut(frame: Uint8Array, length: number): Uint8Array {
  return frame.slice(0, length);
}

function patch(frame: Uint8Array, offset: number, ...bytes: number[]): Uint8Array {
  const changed = frame.slice();
  changed.set(bytes, offset);
  return changed;
}

function extended(...types: number[]): Uint8Array {
  const extensions = types.map((type) => ({ type, body: PADDING }));
  return sent(ANNA, BERT.ipv6, { ...SYN, extensions });
}

/** Its IPv6 header says that it ends before the ports: what follows is no part of the packet. */
function beyondEnd(): Uint8Array {
  const extensions = [{ type: IpProtocol.DestinationOptions, body: PADDING }];
  const frame = sent(ANNA, BERT.ipv6, { ...DATAGRAM, moreFragments: true, extensions });
  return patch(frame, 14 + 4, 0, 16);
}

/** A fragment header without its next-header byte. */
function fragmentHeader(offset: number, more: 0 | 1): { type: number; body: Uint8Array } {
  const body = Uint8Array.of(0, 0, offset | more, 0, 0, 0, DATAGRAM.identification);
  return { type: IpProtocol.Fragment, body };
}

/** A datagram with a second fragment header behind its first one. */
function twiceFragmented(outer: 0 | 1, inner: 0 | 1): Uint8Array {
  const extensions = [fragmentHeader(0, outer), fragmentHeader(0, inner)];
  return sent(ANNA, BERT.ipv6, { ...DATAGRAM, extensions });
}

function withOptions(...options: number[]): Uint8Array {
  return sent(ANNA, BERT, { ...SYN, options: Uint8Array.from(options) });
}

/** Rows about fragments and malformed packets. */
export const fragmentCases: readonly PacketCase[] = [
  {
    sentence: 'later fragments follow the first, by its ports',
    steps: [
      annaSends(sent(ANNA, BERT, { ...DATAGRAM, moreFragments: true }), 'to peer'),
      annaSends(sent(ANNA, BERT, { ...DATAGRAM, fragmentOffset: 24 }), 'to peer'),
    ],
    after: [
      'fragments of UDP 10.0.0.1:5000 > 10.0.0.2:6000',
      'new UDP 10.0.0.1:5000 > 10.0.0.2:6000 2+0',
    ],
  },
  {
    sentence: 'the same over IPv6',
    steps: [
      annaSends(sent(ANNA, BERT.ipv6, { ...DATAGRAM, moreFragments: true }), 'to peer'),
      annaSends(sent(ANNA, BERT.ipv6, { ...DATAGRAM, fragmentOffset: 24 }), 'to peer'),
    ],
    after: [
      'fragments of UDP [fd00::1]:5000 > [fd00::2]:6000',
      'new UDP [fd00::1]:5000 > [fd00::2]:6000 2+0',
    ],
  },
  {
    sentence: 'a later fragment without the first is dropped',
    steps: [
      annaSends(
        sent(ANNA, BERT, { ...DATAGRAM, fragmentOffset: 24 }),
        'drop',
        DropReason.FirstFragmentNotFound,
      ),
      annaSends(
        sent(ANNA, BERT.ipv6, { ...DATAGRAM, fragmentOffset: 24 }),
        'drop',
        DropReason.FirstFragmentNotFound,
      ),
    ],
  },
  {
    sentence: 'fragments of a denied datagram are denied like the first',
    before: (tables) => {
      const closed = { isEnforced: true, segments: [] };
      setPolicy(tables, BERT, { ...OPEN_POLICY, ingress: closed }, 2);
    },
    steps: [
      annaSends(
        sent(ANNA, BERT, { ...DATAGRAM, moreFragments: true }),
        'drop',
        DropReason.PolicyDenied,
      ),
      annaSends(
        sent(ANNA, BERT, { ...DATAGRAM, fragmentOffset: 24 }),
        'drop',
        DropReason.PolicyDenied,
      ),
    ],
    after: [
      'fragments of UDP 10.0.0.1:5000 > 10.0.0.2:6000',
      'new UDP 10.0.0.1:5000 > 10.0.0.2:6000 denied: policy denied',
    ],
  },
  {
    sentence: 'a first fragment whose transport header would come in a later one is dropped',
    steps: [
      annaSends(beyondEnd(), 'drop', DropReason.InvalidPacket),
      annaSends(
        sent(ANNA, BERT.ipv6, { ...DATAGRAM, fragmentOffset: 8 }),
        'drop',
        DropReason.FirstFragmentNotFound,
      ),
    ],
  },
  {
    sentence: 'options in the part that is cut up are no reason to lose the later fragments',
    steps: [
      annaSends(
        sent(ANNA, BERT.ipv6, {
          ...DATAGRAM,
          extensions: [
            fragmentHeader(0, 1),
            { type: IpProtocol.DestinationOptions, body: PADDING },
          ],
        }),
        'to peer',
      ),
      annaSends(
        sent(ANNA, BERT.ipv6, {
          protocol: IpProtocol.DestinationOptions,
          payload: new Uint8Array(16),
          fragmentOffset: 32,
          identification: DATAGRAM.identification,
        }),
        'to peer',
      ),
    ],
    after: [
      'fragments of UDP [fd00::1]:5000 > [fd00::2]:6000',
      'new UDP [fd00::1]:5000 > [fd00::2]:6000 2+0',
    ],
  },
  {
    sentence: 'a fragment that is cut up once more is dropped: its ports could be anywhere',
    steps: [
      annaSends(twiceFragmented(1, 0), 'drop', DropReason.InvalidExtensionHeader),
      annaSends(twiceFragmented(0, 1), 'drop', DropReason.InvalidExtensionHeader),
      annaSends(twiceFragmented(0, 0), 'drop', DropReason.InvalidExtensionHeader),
    ],
  },
  {
    sentence: 'a fragment that would overwrite the flags of a TCP header is dropped',
    steps: [
      annaSends(
        sent(ANNA, BERT, { ...SYN, payload: new Uint8Array(8), fragmentOffset: 8 }),
        'drop',
        DropReason.InvalidPacket,
      ),
    ],
  },
  {
    sentence: 'IPv4 options are stepped over, up to a limit',
    steps: [
      annaSends(withOptions(...new Array<number>(8).fill(1)), 'to peer'),
      annaSends(withOptions(7, 39, ...new Array<number>(37).fill(4), 0), 'to peer'),
      annaSends(withOptions(...new Array<number>(12).fill(1)), 'drop', DropReason.InvalidPacket),
    ],
    after: ['new TCP 10.0.0.1:40000 > 10.0.0.2:80 2+0'],
  },
  {
    sentence: 'a source route is dropped, wherever it stands: its next hop is not where it ends',
    steps: [
      // Loose and strict; behind a no-operation and a timestamp.
      annaSends(withOptions(131, 7, 4, 192, 0, 2, 7, 0), 'drop', DropReason.InvalidPacket),
      annaSends(withOptions(137, 7, 4, 192, 0, 2, 7, 0), 'drop', DropReason.InvalidPacket),
      annaSends(
        withOptions(1, 68, 8, 5, 0, 0, 0, 0, 0, 131, 3, 4),
        'drop',
        DropReason.InvalidPacket,
      ),
      // What stands behind the end of the options is none.
      annaSends(withOptions(0, 131, 3, 4), 'to peer'),
    ],
    after: ['new TCP 10.0.0.1:40000 > 10.0.0.2:80 1+0'],
  },
  {
    sentence: 'IPv4 options that say they are shorter than they are, or longer, are dropped',
    steps: [
      annaSends(withOptions(68, 0, 0, 0), 'drop', DropReason.InvalidPacket),
      annaSends(withOptions(68, 1, 0, 0), 'drop', DropReason.InvalidPacket),
      annaSends(withOptions(68, 5, 0, 0), 'drop', DropReason.InvalidPacket),
      annaSends(withOptions(1, 1, 1, 68), 'drop', DropReason.InvalidPacket),
      annaSends(withOptions(68, 4, 0, 0), 'to peer'),
    ],
    after: ['new TCP 10.0.0.1:40000 > 10.0.0.2:80 1+0'],
  },
  {
    sentence: 'IPv6 extension headers are stepped over, up to a limit',
    steps: [
      annaSends(extended(IpProtocol.HopByHop, IpProtocol.DestinationOptions), 'to peer'),
      annaSends(extended(...new Array<number>(5).fill(IpProtocol.DestinationOptions)), 'to peer'),
      annaSends(
        extended(...new Array<number>(6).fill(IpProtocol.DestinationOptions)),
        'drop',
        DropReason.InvalidExtensionHeader,
      ),
      annaSends(
        extended(IpProtocol.DestinationOptions, IpProtocol.HopByHop),
        'drop',
        DropReason.InvalidExtensionHeader,
      ),
    ],
    after: ['new TCP [fd00::1]:40000 > [fd00::2]:80 2+0'],
  },
  {
    sentence: 'a packet that goes on from where its header says is dropped',
    steps: [
      annaSends(patch(extended(IpProtocol.Routing), 14 + 40 + 2, 4, 0), 'to peer'),
      ...[0, 2, 3, 4].map((routingType) =>
        annaSends(
          patch(extended(IpProtocol.Routing), 14 + 40 + 2, routingType, 1),
          'drop',
          DropReason.InvalidExtensionHeader,
        ),
      ),
    ],
    after: ['new TCP [fd00::1]:40000 > [fd00::2]:80 1+0'],
  },
  {
    sentence: 'an extension header that points beyond the packet is dropped',
    steps: [
      annaSends(
        patch(extended(IpProtocol.DestinationOptions), 14 + 40 + 1, 0xff),
        'drop',
        DropReason.TruncatedHeader,
      ),
    ],
  },
  {
    sentence: 'transports that nobody can decide about are dropped',
    steps: [47, 50, 51, 2, 4, 41, 99].map((protocol) =>
      annaSends(
        sent(ANNA, BERT, { protocol, payload: new Uint8Array(32) }),
        'drop',
        DropReason.UnknownTransport,
      ),
    ),
  },
  {
    sentence: 'ICMP of the other family is dropped',
    steps: [
      annaSends(
        sent(ANNA, BERT, { protocol: IpProtocol.ICMPv6, payload: new Uint8Array(16) }),
        'drop',
        DropReason.UnknownTransport,
      ),
      annaSends(
        sent(ANNA, BERT.ipv6, { protocol: IpProtocol.ICMP, payload: new Uint8Array(16) }),
        'drop',
        DropReason.UnknownTransport,
      ),
    ],
  },
  {
    sentence: 'packets that are cut off are dropped',
    steps: [
      annaSends(cut(sent(ANNA, BERT, SYN), 34), 'drop', DropReason.InvalidPacket),
      annaSends(cut(sent(ANNA, BERT, SYN), 40), 'drop', DropReason.InvalidPacket),
      annaSends(cut(sent(ANNA, BERT, SYN), 53), 'drop', DropReason.InvalidPacket),
      annaSends(cut(sent(ANNA, BERT.ipv6, SYN), 60), 'drop', DropReason.InvalidPacket),
      annaSends(cut(sent(ANNA, BERT.ipv6, SYN), 73), 'drop', DropReason.InvalidPacket),
    ],
  },
  {
    sentence: 'headers that contradict themselves are dropped',
    steps: [
      // Version 5, header length 16, total length beyond the frame; TCP header length 16.
      annaSends(patch(sent(ANNA, BERT, SYN), 14, 0x55), 'drop', DropReason.InvalidPacket),
      annaSends(patch(sent(ANNA, BERT, SYN), 14, 0x44), 'drop', DropReason.InvalidPacket),
      annaSends(patch(sent(ANNA, BERT, SYN), 16, 0xff, 0xff), 'drop', DropReason.InvalidPacket),
      annaSends(patch(sent(ANNA, BERT, SYN), 46, 0x40), 'drop', DropReason.InvalidPacket),
      annaSends(patch(sent(ANNA, BERT.ipv6, SYN), 14, 0x50), 'drop', DropReason.InvalidPacket),
    ],
  },
];
