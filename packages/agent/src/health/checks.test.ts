import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PoolView } from '../views.ts';
import { checkPoolUse, checkTables } from './checks.ts';

test('a drop for want of a program is not called impossible: pins may be removed', () => {
  const found = checkTables({
    tables: [],
    totals: {
      forwardedPackets: 0,
      forwardedBytes: 0,
      droppedPackets: { 'missed tail call': 3, 'policy denied': 4 },
      droppedBytes: {},
      remedies: { 'missed tail call': 'skep', 'policy denied': 'rule author' },
    },
  });
  assert.equal(found.length, 1);
  assert.match(
    found[0]!,
    /^3 packets were dropped as missed tail call \(.*removed its pins.*`skep sys/,
  );
  assert.doesNotMatch(found[0]!, /cannot happen/);
});

function pool(taken: number, cooling: number, isUsedUp = false, addresses = '100'): PoolView {
  return { family: 'IPv4', ranges: ['10.0.0.1-10.0.0.100'], addresses, taken, cooling, isUsedUp };
}

const POOLS: readonly { name: string; have: PoolView; want: RegExp | undefined }[] = [
  { name: 'with room', have: pool(60, 30), want: undefined },
  {
    name: 'of more addresses than fit a number',
    have: pool(1, 0, false, '18446744073709551616'),
    want: undefined,
  },
  {
    name: 'that has less than a tenth free',
    have: pool(60, 31),
    want: /^IPv4 pool \S+100: 9 addresses are free, 60 of 100 taken and 31 cooling .* \(give the/,
  },
  {
    name: 'that is used up, by addresses of the node too',
    have: pool(60, 37, true),
    want: /no address is free, 60 of 100 taken and 37 cooling down: .* are refused \(/,
  },
  {
    name: 'of which all is reserved',
    have: pool(0, 0, true, '0'),
    want: /no address is free, 0 of 0 /,
  },
];
for (const { name, have, want } of POOLS) {
  test(`a pool ${name}`, () => {
    const [found, ...more] = checkPoolUse([have]);
    assert.deepEqual(more, []);
    if (want) assert.match(found ?? '', want);
    else assert.equal(found, undefined);
  });
}
