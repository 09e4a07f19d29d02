import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress, IpProtocol } from '@skep/wire';
import { flowsOf } from './sockets.ts';

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when\n';
const REST = '00000000:00000000 00:00000000 00000000     0        0 1';

function flows(tcp: readonly string[], udp: readonly string[] = []): string[] {
  const text = (lines: readonly string[]): string => {
    return HEAD + lines.map((line, index) => `   ${index}: ${line} ${REST}\n`).join('');
  };
  const found = flowsOf([
    { protocol: IpProtocol.TCP, text: text(tcp) },
    { protocol: IpProtocol.UDP, text: text(udp) },
  ]);
  return found.map(({ protocol, local, localPort, remote, remotePort, isIncoming }) => {
    const ends = [`${formatAddress(local)} ${localPort}`, `${formatAddress(remote)} ${remotePort}`];
    return `${IpProtocol[protocol]} ${ends.join(isIncoming ? ' < ' : ' > ')}`;
  });
}

test('who listens at a port is asked there; else the node has begun it', () => {
  const found = flows([
    '00000000:0016 00000000:0000 0A',
    '016433C6:0016 070200C0:9C40 01',
    '016433C6:9C41 070200C0:01BB 01',
  ]);
  assert.deepEqual(found, [
    'TCP 198.51.100.1 22 < 192.0.2.7 40000',
    'TCP 198.51.100.1 40001 > 192.0.2.7 443',
  ]);
});

test('a connection that is just being opened, in each direction', () => {
  const found = flows(['016433C6:0050 070200C0:9C40 03', '016433C6:9C41 070200C0:01BB 02']);
  assert.deepEqual(found, [
    'TCP 198.51.100.1 80 < 192.0.2.7 40000',
    'TCP 198.51.100.1 40001 > 192.0.2.7 443',
  ]);
});

test('IPv6, and IPv4 in an IPv6 socket', () => {
  const found = flows([
    'B80D0120FF000000000000000100' + '0000:9C40 B80D0120000000000000000007000000:0050 01',
    '0000000000000000FFFF0000016433C6:9C40 0000000000000000FFFF0000070200C0:0050 01',
  ]);
  assert.deepEqual(found, [
    'TCP 2001:db8:0:ff::1 40000 > 2001:db8::7 80',
    'TCP 198.51.100.1 40000 > 192.0.2.7 80',
  ]);
});

test('loopback, what is over, and UDP that is connected to nobody are left out', () => {
  const found = flows(
    [
      '0100007F:9C40 0100007F:0050 01',
      '016433C6:9C40 070200C0:0050 06',
      '016433C6:9C41 070200C0:0050 07',
      'nonsense',
    ],
    ['016433C6:0044 00000000:0000 07', '016433C6:9C40 070200C0:0035 01'],
  );
  assert.deepEqual(found, ['UDP 198.51.100.1 40000 > 192.0.2.7 53']);
});
