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
