/** Frames of all kinds that filters ask for, whole, cut short, and of random bytes. */
import { type FrameDescription, makeArpFrame, makeFrame, TcpFlag } from '@skep/wire';
import type { CapturedFrame } from './pcap-file.ts';
import type { Random } from '@skep/compiler/fuzz';

const macs = { sourceMac: '02:00:00:00:00:01', destinationMac: '02:00:00:00:00:02' };
const v4 = { ...macs, source: '10.0.0.1', destination: '10.0.0.2' };
const v6 = { ...macs, source: 'fd00::1', destination: 'fd00::2' };
const web = { sourcePort: 40_000, destinationPort: 80 };
const dns = { sourcePort: 53, destinationPort: 53 };
const sctp = { protocol: 132, payload: Uint8Array.of(0x1f, 0x90, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0) };
const hopByHop = { type: 0, body: Uint8Array.of(0, 1, 4, 0, 0, 0, 0) };
const options = Uint8Array.of(1, 1, 1, 1, 1, 1, 1, 0);
const data = new Uint8Array(64).fill(0x41);

const described: readonly FrameDescription[] = [
  { ...v4, tcp: { ...web, flags: TcpFlag.SYN } },
  { ...v4, tcp: { ...web, flags: TcpFlag.SYN | TcpFlag.ACK } },
  { ...v4, tcp: { ...web, flags: TcpFlag.FIN | TcpFlag.ACK }, payload: data },
  { ...v4, tcp: { sourcePort: 80, destinationPort: 443, flags: TcpFlag.RST } },
  { ...v4, tcp: { ...web, flags: TcpFlag.PSH }, options, payload: data },
  { ...v4, udp: dns },
  { ...v4, udp: { sourcePort: 8080, destinationPort: 9000 }, options },
  { ...v4, udp: web, payload: data, moreFragments: true, identification: 7 },
  { ...v4, udp: web, payload: data, fragmentOffset: 64, identification: 7 },
  { ...v4, tcp: web, payload: data, fragmentOffset: 128, moreFragments: true, identification: 8 },
  { ...v4, icmp: { type: 8, identifier: 1, sequence: 1 } },
  { ...v4, icmp: { type: 3, code: 1 } },
  { ...v4, ...sctp },
  { ...v4, protocol: 2, payload: Uint8Array.of(0x16, 0, 0, 0, 224, 0, 0, 1) },
  { ...v4, protocol: 47, payload: data },
  { ...v4, protocol: 50, payload: data },
  { ...v4, protocol: 51, payload: data },
  { ...v4, protocol: 103, payload: data },
  { ...v4, protocol: 112, payload: data },
  { ...v4, protocol: 9, payload: data },
  { ...v4, source: '192.168.1.5', destination: '224.0.0.5', udp: dns },
  { ...v4, destination: '255.255.255.255', destinationMac: 'ff:ff:ff:ff:ff:ff', udp: dns },
  { ...v4, destination: '0.0.0.0', destinationMac: '01:00:5e:00:00:01', udp: web },
  { ...v4, source: '172.16.3.4', destination: '10.0.0.2', tcp: web, ttl: 1 },
  { ...v6, tcp: { ...web, flags: TcpFlag.SYN } },
  { ...v6, tcp: { sourcePort: 443, destinationPort: 50_000, flags: TcpFlag.ACK }, payload: data },
  { ...v6, udp: dns },
  { ...v6, udp: web, extensions: [hopByHop] },
  { ...v6, tcp: web, moreFragments: true, payload: data, identification: 9 },
  { ...v6, udp: web, fragmentOffset: 64, payload: data, identification: 9 },
  { ...v6, icmp: { type: 128, identifier: 3 } },
  { ...v6, icmp: { type: 135 }, destination: 'ff02::1:ff00:2' },
  { ...v6, ...sctp },
  { ...v6, source: '2001:db8::5', destination: '2001:db8:1::6', udp: dns },
  { ...v4, vlan: 5, tcp: web },
  { ...v4, vlan: 6, udp: dns },
  { ...v6, vlan: 5, tcp: web },
  { ...v6, vlan: 4095, icmp: { type: 129 } },
];

/** Every frame that the tables of tests are about. */
export function sampleFrames(): Uint8Array[] {
  const tagged = makeFrame({ ...v4, vlan: 5, tcp: web });
  const arp = { senderMac: macs.sourceMac, senderAddress: '10.0.0.1', targetAddress: '10.0.0.2' };
  return [
    ...described.map(makeFrame),
    makeArpFrame(arp),
    makeArpFrame({ ...arp, operation: 2, targetMac: macs.destinationMac }),
    withType(makeArpFrame(arp), 0x8035),
    // Two tags, of each kind.
    withTag(tagged, 0x88a8, 6),
    withTag(tagged, 0x8100, 100),
    withTag(withTag(makeFrame({ ...v6, udp: dns }), 0x8100, 5), 0x9100, 6),
    ...[0x0800, 0x86dd, 0x809b, 0x80f3, 0x6003, 0x6004, 0x8137, 0x8847, 0x8864, 0x88cc].map(
      (type) => withType(makeFrame({ ...v4, protocol: 6, payload: data }), type),
    ),
    ...llcFrames(),
    // A header length of 0, of 4, and of 60 bytes that are not there.
    ...[0x40, 0x41, 0x4f].map((byte) => withByte(makeFrame({ ...v4, tcp: web }), 14, byte)),
  ];
}

/** 802.3 frames: a length where the ether type would be. */
function llcFrames(): Uint8Array[] {
  return [
    [0x42, 0x42, 0x03],
    [0xfe, 0xfe, 0x03, 0x83],
    [0xf0, 0xf0, 0x03],
    [0xe0, 0xe0, 0x03],
    [0xff, 0xff, 0x00],
    [0x06, 0x06, 0x03],
    [0xaa, 0xaa, 0x03, 0x08, 0x00, 0x07, 0x80, 0x9b],
    [0xaa, 0xaa, 0x03, 0x00, 0x00, 0x00, 0x80, 0xf3],
    [0xaa, 0xaa, 0x03, 0x00, 0x00, 0x00, 0x81, 0x37],
  ].map((head) => {
    const frame = makeFrame({ ...v4, protocol: 59, payload: data }).slice(0, 60);
    frame.set([0, 46, ...head], 12);
    return frame;
  });
}

/** The sample, cut short at many places, and random bytes behind plausible beginnings. */
export function capturedFrames(random: Random, count: number): CapturedFrame[] {
  const samples = sampleFrames();
  const whole = samples.map((bytes) => ({ bytes, length: bytes.length }));
  const others = Array.from({ length: count }, (_, index): CapturedFrame => {
    const frame = random.pick(samples).slice();
    if (index % 3 === 0) {
      return { bytes: frame.slice(0, random.below(frame.length + 1)), length: frame.length };
    }
    for (let change = 0; change < 1 + (index % 4); change++) {
      frame[12 + random.below(frame.length - 12)] = random.below(256);
    }
    return { bytes: frame, length: frame.length + (random.oneIn(4) ? 100 : 0) };
  });
  return [...whole, ...others];
}

function withType(frame: Uint8Array, type: number): Uint8Array {
  return withByte(withByte(frame, 12, type >> 8), 13, type & 0xff);
}

function withByte(frame: Uint8Array, at: number, byte: number): Uint8Array {
  const changed = frame.slice();
  changed[at] = byte;
  return changed;
}

function withTag(frame: Uint8Array, type: number, id: number): Uint8Array {
  const tag = Uint8Array.of(type >> 8, type & 0xff, id >> 8, id & 0xff);
  return Uint8Array.from([...frame.slice(0, 12), ...tag, ...frame.slice(12)]);
}
