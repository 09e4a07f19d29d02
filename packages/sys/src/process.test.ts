import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { isProcessAlive, readProcessIdentity } from './process.ts';

const cannotRead = process.platform === 'linux' ? false : 'needs /proc';

test('this process is alive, another one with its number is not it', { skip: cannotRead }, () => {
  const identity = readProcessIdentity(process.pid);
  assert.ok(identity);
  assert.equal(isProcessAlive(identity), true);
  assert.equal(isProcessAlive({ ...identity, startTicks: '1' }), false);
  assert.equal(isProcessAlive({ ...identity, bootId: 'another' }), false);
});

test('a process that has ended is not alive', { skip: cannotRead }, async () => {
  const child = spawn('sleep', ['60']);
  const identity = readProcessIdentity(child.pid!);
  assert.ok(identity);
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  assert.equal(isProcessAlive(identity), false);
});
