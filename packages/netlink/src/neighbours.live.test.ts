import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress, formatMac, parseAddress, parseMac } from '@skep/wire';
import { cannotMakeNamespaces, newPair, show } from './testing/sandbox.ts';

const skip = cannotMakeNamespaces;

for (const text of ['10.0.0.2', 'fd00::2']) {
  test(`neighbour ${text} is added, replaced, listed and deleted`, { skip }, (context) => {
    const { left, leftIndex: linkIndex } = newPair(context);
    const address = parseAddress(text);
    left.neighbours.add({ linkIndex, address, mac: parseMac('02:00:00:00:00:02') });
    left.neighbours.replace({ linkIndex, address, mac: parseMac('02:00:00:00:00:03') });
    const [found, ...rest] = left.neighbours.list(linkIndex).filter((one) => one.isPermanent);
    assert.deepEqual(rest, []);
    assert.equal(formatAddress(found!.address), text);
    assert.equal(formatMac(found!.mac!), '02:00:00:00:00:03');
    const shown = show(left, 'ip', 'neigh show nud permanent');
    if (shown) {
      assert.deepEqual(
        shown.map(({ dst, lladdr, dev, state }) => [dst, lladdr, dev, state]),
        [[text, '02:00:00:00:00:03', 'left', ['PERMANENT']]],
      );
    }
    left.neighbours.delete({ linkIndex, address });
    assert.deepEqual(
      left.neighbours.list(linkIndex).filter((one) => one.isPermanent),
      [],
    );
  });
}

test('refusals name the address and the link', { skip }, (context) => {
  const { left, leftIndex: linkIndex } = newPair(context);
  const neighbour = {
    linkIndex,
    address: parseAddress('10.0.0.2'),
    mac: new Uint8Array(6).fill(2),
  };
  assert.throws(() => left.neighbours.delete(neighbour), {
    message: /^delete neighbour 10\.0\.0\.2 on link \d+: ENOENT/,
  });
  left.neighbours.add(neighbour);
  assert.throws(() => left.neighbours.add(neighbour), { errnoName: 'EEXIST' });
});
