/** Makes a control group of its own and is in it for a moment only. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createCgroup, deleteCgroup, inCgroup } from './cgroup.ts';

const isRoot = process.getuid?.() === 0;

function ownGroup(): string {
  return /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '';
}

test('the process is in the group during the task, and comes back', { skip: !isRoot }, (t) => {
  const name = `skep-trial-sys-${process.pid}`;
  const path = createCgroup(name);
  t.after(() => deleteCgroup(path));
  const home = ownGroup();
  assert.equal(
    inCgroup(path, () => ownGroup()),
    `/${name}`,
  );
  assert.equal(ownGroup(), home);
  const failing = (): never => {
    throw new Error('within');
  };
  assert.throws(() => inCgroup(path, failing), /within/);
  assert.equal(ownGroup(), home, 'after a failure');
  assert.throws(() => inCgroup(path, async () => 1), /expected a synchronous function/);
});

test('a name with a slash is refused', () => {
  assert.throws(() => createCgroup('../elsewhere'), /expected a file name/);
});
