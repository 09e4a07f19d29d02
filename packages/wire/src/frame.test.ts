import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from './address.ts';
import { foldChecksum, sumWords } from './checksum.ts';
import { makeArpFrame, makeFrame, makePacket } from './frame.ts';

const MACS = { sourceMac: '02:00:00:00:00:01', destinationMac: '02:00:00:00:00:fe' };

/** Sum over a transport and its pseudo header, which is 0xffff when the checksum is right. */
function verify(source: string, destination: string, protocol: number, bytes: Uint8Array): number {
  const pseudo = Uint8Array.from([
    ...parseAddress(source).bytes,
    ...parseAddress(destination).bytes,
    0,
    0,
    bytes.length >> 8,
    bytes.length & 0xff,
    0,
    protocol,
  ]);
  return foldChecksum(sumWords(bytes, sumWords(pseudo)));
}

test('a TCP frame has the bytes that RFC 791 and RFC 9293 give', () => {
  const frame = makeFrame({
    ...MACS,
    source: '10.0.0.1',
    destination: '10.0.0.2',
    tcp: { sourcePort: 40000, destinationPort: 80, flags: 2 },
  });
  const text = Buffer.from(frame).toString('hex');
  assert.equal(text.slice(0, 28), '0200000000fe0200000000010800');
  assert.equal(text.slice(28, 68), '45000028000000004006' + '66ce' + '0a0000010a000002');
  assert.equal(verify('10.0.0.1', '10.0.0.2', 6, frame.subarray(34)), 0);
});

test('UDP over IPv6 and ICMPv6 cover the pseudo header, ICMP does not', () => {
  const udp = makePacket({
    source: 'fd00::1',
    destination: 'fd00::2',
    udp: { sourcePort: 53, destinationPort: 1024 },
    payload: Uint8Array.of(1, 2, 3),
  });
  assert.equal(verify('fd00::1', 'fd00::2', 17, udp.subarray(40)), 0);
  const echo6 = makePacket({ source: 'fd00::1', destination: 'fd00::2', icmp: { type: 128 } });
  assert.equal(verify('fd00::1', 'fd00::2', 58, echo6.subarray(40)), 0);
  const echo = makePacket({ source: '10.0.0.1', destination: '10.0.0.2', icmp: { type: 8 } });
  assert.equal(foldChecksum(sumWords(echo.subarray(20))), 0);
});

test('a datagram whose checksum would be 0 has all ones', () => {
  const ends = { source: '10.0.0.1', destination: '10.0.0.2' };
  const udp = { sourcePort: 1, destinationPort: 2 };
  const checksums = new Set<number>();
  for (let word = 0; word <= 0xffff; word++) {
    const payload = Uint8Array.of(word >> 8, word & 0xff);
    const packet = makePacket({ ...ends, udp, payload });
    checksums.add((packet[26]! << 8) | packet[27]!);
  }
  assert.deepEqual([checksums.has(0), checksums.has(0xffff)], [false, true]);
});

test('fragments carry the transport header only once', () => {
  const base = { source: '10.0.0.1', destination: '10.0.0.2', identification: 7 };
  const udp = { sourcePort: 1, destinationPort: 2 };
  const first = makePacket({ ...base, udp, payload: new Uint8Array(8), moreFragments: true });
  const later = makePacket({ ...base, udp, payload: new Uint8Array(8), fragmentOffset: 16 });
  assert.equal(first.length, 20 + 8 + 8);
  assert.equal(later.length, 20 + 8);
  assert.equal((later[6]! << 8) | later[7]!, 2);
});

test('ARP requests go to all', () => {
  const frame = makeArpFrame({
    senderMac: '02:00:00:00:00:01',
    senderAddress: '10.0.0.1',
    targetAddress: '169.254.1.1',
  });
  assert.equal(frame.length, 42);
  assert.deepEqual([...frame.subarray(0, 6)], [255, 255, 255, 255, 255, 255]);
  assert.deepEqual([...frame.subarray(38)], [169, 254, 1, 1]);
});
