import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AddressError,
  formatAddress,
  formatAddressPort,
  formatPrefix,
  parseAddress,
  parsePrefix,
  prefixContains,
  singlePrefix,
} from './address.ts';

const TEXTS: readonly [string, string][] = [
  ['0.0.0.0', '0.0.0.0'],
  ['10.1.2.3', '10.1.2.3'],
  ['255.255.255.255', '255.255.255.255'],
  ['::', '::'],
  ['::1', '::1'],
  ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['fe80:0:0:0:0:0:0:1', 'fe80::1'],
  ['1:0:3:4:5:6:7:8', '1:0:3:4:5:6:7:8'],
  ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
  ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
];

const REFUSED = [
  '',
  '1.2.3',
  '1.2.3.4.5',
  '256.0.0.1',
  '01.2.3.4',
  '1.2.3.4 ',
  ':',
  ':::',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7:8::',
  'fe80::1%eth0',
  '12345::',
  '1.2.3.4::',
  'example.org',
];

test('addresses are read and written in their canonical text', () => {
  for (const [have, want] of TEXTS) assert.equal(formatAddress(parseAddress(have)), want);
});

test('text that is no address is refused by name', () => {
  for (const text of REFUSED) assert.throws(() => parseAddress(text), AddressError, text);
});

test('prefixes keep their length and refuse stray bits', () => {
  assert.equal(formatPrefix(parsePrefix('10.0.0.0/8')), '10.0.0.0/8');
  assert.equal(formatPrefix(parsePrefix('2001:db8::/33')), '2001:db8::/33');
  assert.equal(formatPrefix(parsePrefix('10.1.2.3')), '10.1.2.3/32');
  assert.throws(() => parsePrefix('10.0.0.1/8'), /no bits after the prefix: 10\.0\.0\.0\/8/);
  for (const text of ['10.0.0.0/33', '::/129', '::/', '::/-1', '::/1/2', '10.0.0.0/08']) {
    assert.throws(() => parsePrefix(text), AddressError, text);
  }
});

test('the prefix of one address holds it alone', () => {
  for (const want of ['10.1.2.3/32', '2001:db8::1/128']) {
    const { address } = parsePrefix(want);
    assert.equal(formatPrefix(singlePrefix(address)), want);
  }
});

test('a prefix contains its own family only', () => {
  const contains = (prefix: string, address: string): boolean =>
    prefixContains(parsePrefix(prefix), parseAddress(address));
  assert.equal(contains('10.0.0.0/9', '10.127.255.255'), true);
  assert.equal(contains('10.0.0.0/9', '10.128.0.0'), false);
  assert.equal(contains('0.0.0.0/0', '::'), false);
  assert.equal(contains('::/0', 'ffff::'), true);
  assert.equal(contains('fe80::/10', 'febf::1'), true);
});

test('an address and a port cannot be taken for each other', () => {
  assert.equal(formatAddressPort('192.0.2.1', 80), '192.0.2.1:80');
  assert.equal(formatAddressPort('2001:db8::1', 7777), '[2001:db8::1]:7777');
  assert.equal(formatAddressPort('localhost', 9962), 'localhost:9962');
});
