/** Every case runs and checks what it times; the figures of so short a run mean nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMeant } from '../harness/bar.ts';
import { describeMachine, machineText } from '../harness/machine.ts';
import { bars } from './bars.ts';
import { cases } from './index.ts';

const effort = { rounds: 1, runs: 100, rules: 200 };

for (const { name, run } of cases) {
  test(`the case ${name} gives rows`, async (t) => {
    const result = await run(effort);
    if ('skipped' in result) {
      t.skip(result.skipped);
      return;
    }
    assert.ok(result.length > 0);
    for (const row of result) {
      assert.ok(Number.isFinite(row.ours) && row.ours > 0, `${row.name}: ${row.ours}`);
      assert.equal(row.ratio === null, row.reference === null, row.name);
    }
    for (const bar of bars.filter((each) => each.case === name)) {
      const isAboutSome = result.some((row) => isMeant(bar, name, row));
      assert.ok(isAboutSome, `a bar of ${name} is about no row: ${bar.rows}`);
    }
  });
}

test('a machine is described in one line', () => {
  assert.match(machineText(describeMachine()), /^\d+ x .+ GiB, Linux .+, Node \d+/);
});

test('bars are about cases that there are', () => {
  const names = cases.map(({ name }) => name);
  assert.deepEqual(
    bars.filter((bar) => !names.includes(bar.case)),
    [],
  );
});
