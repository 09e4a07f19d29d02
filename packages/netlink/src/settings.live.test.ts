import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { cannotMakeNamespaces, newPair } from './testing/sandbox.ts';

const skip = cannotMakeNamespaces;

test('settings are of the namespace, not of this process', { skip }, (context) => {
  const own = readFileSync('/proc/sys/net/ipv4/conf/all/forwarding', 'utf8');
  const { left, right } = newPair(context);
  left.settings.setForwarding(4, true);
  left.settings.setForwarding(6, true);
  right.settings.setForwarding(4, false);
  assert.equal(left.settings.readLink(4, 'left', 'forwarding'), '1');
  assert.equal(left.settings.read('ipv6/conf/all/forwarding'), '1');
  assert.equal(right.settings.readLink(4, 'all', 'forwarding'), '0');
  assert.equal(readFileSync('/proc/sys/net/ipv4/conf/all/forwarding', 'utf8'), own);
});

test('settings of a link', { skip }, (context) => {
  const { left } = newPair(context);
  left.settings.writeLink(6, 'left', 'accept_ra', 0);
  left.settings.writeLink(4, 'left', 'rp_filter', 2);
  left.settings.writeLink(4, 'left', 'accept_local', 1);
  assert.equal(left.settings.readLink(6, 'left', 'accept_ra'), '0');
  assert.equal(left.settings.readLink(4, 'left', 'rp_filter'), '2');
  left.settings.writeLink(6, 'left', 'disable_ipv6', 1);
  assert.deepEqual(
    left.addresses.list().filter(({ address }) => address.family === 6),
    [],
  );
});

test('what does not exist or lies elsewhere is refused', { skip }, (context) => {
  const { left } = newPair(context);
  assert.throws(() => left.settings.readLink(4, 'absent', 'rp_filter'), {
    message: /^read setting ipv4\/conf\/absent\/rp_filter: ENOENT/,
  });
  assert.throws(() => left.settings.write('ipv4/ip_forwad', 1), { code: 'ERR_SETTING' });
  assert.throws(() => left.settings.write('../kernel/hostname', 'x'), /expected a path below net/);
  assert.throws(() => left.settings.readLink(4, '../all', 'rp_filter'), /expected a link name/);
});
