import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DropReason, describeDropReason, dropReasons } from './drop-reason.ts';

const numbers = Object.values(DropReason).filter((value) => typeof value === 'number');

test('every reason has one row, in the order of the numbers', () => {
  assert.deepEqual(
    dropReasons.map((row) => row.reason),
    numbers.sort((left, right) => left - right),
  );
});

test('no two reasons share a name, which is what metrics count by', () => {
  assert.equal(new Set(dropReasons.map((row) => row.name)).size, dropReasons.length);
});

test('a number is described by its row', () => {
  const { name, remedy } = describeDropReason(DropReason.PolicyDenied);
  assert.deepEqual({ name, remedy }, { name: 'policy denied', remedy: 'rule author' });
});

test('a number that no row has is shown as the number', () => {
  const { reason, name, remedy } = describeDropReason(250);
  assert.deepEqual({ reason, name, remedy }, { reason: 250, name: 'reason 250', remedy: 'skep' });
});
