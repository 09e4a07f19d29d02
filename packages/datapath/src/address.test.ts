import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AddressError, formatAddress, parseAddress, parsePrefix } from '@skep/wire';
import { fromMapAddress, toMapAddress, toPrefixKey } from './address.ts';

test('addresses of both families have one form', () => {
  for (const text of ['10.0.0.1', '0.0.0.0', 'fd00::1', '::', '::1', '::fffe:a00:1']) {
    assert.equal(formatAddress(fromMapAddress(toMapAddress(parseAddress(text)))), text);
  }
  assert.equal(toPrefixKey(parsePrefix('10.0.0.0/8')).prefixLength, 104);
  assert.equal(toPrefixKey(parsePrefix('fd00::/8')).prefixLength, 8);
});

test('an address of IPv6 never takes the place of one of IPv4', () => {
  assert.throws(() => toMapAddress(parseAddress('::ffff:10.0.0.1')), AddressError);
  assert.throws(() => toPrefixKey(parsePrefix('::ffff:0:0/96')), /expected an IPv4 address/);
});
