import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Occurrence } from '../telemetry/occurrence.ts';
import { Problems } from './problems.ts';

test('a problem is told once, and goes with the endpoint that has it', () => {
  const told: Occurrence[] = [];
  const problems = new Problems((occurrence) => told.push(occurrence));
  problems.push('anna is in trouble', 1);
  problems.push('anna is in trouble', 1);
  problems.push('bert is in trouble', 2);
  problems.push('all are');
  assert.equal(told.length, 3);
  problems.forgetEndpoint(1);
  assert.deepEqual([...problems], ['bert is in trouble', 'all are']);
  problems.push('anna is in trouble', 1);
  assert.equal(told.length, 4);
});

test('what is mentioned takes the place of what was said before, and ends after a while', () => {
  let now = 0;
  const told: Occurrence[] = [];
  const problems = new Problems(
    (occurrence) => told.push(occurrence),
    () => now,
  );
  problems.push('flows are not seen any more');
  problems.mention('pins', 'pins cannot be made');
  problems.mention('endpoint t/a', 'its programs are back');
  now = 500_000;
  problems.mention('pins', 'pins cannot be made');
  assert.deepEqual(
    [...problems],
    ['flows are not seen any more', 'pins cannot be made', 'its programs are back'],
  );
  now = 600_000;
  assert.deepEqual([...problems], ['flows are not seen any more', 'pins cannot be made']);
  problems.mention('pins', 'pins were made again');
  assert.deepEqual([...problems], ['flows are not seen any more', 'pins were made again']);
  now = 1_200_000;
  assert.deepEqual([...problems], ['flows are not seen any more']);
  assert.equal(told.length, 4, 'each once');
});
