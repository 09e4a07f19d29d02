import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkTables } from './checks.ts';

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
