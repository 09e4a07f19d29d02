import assert from 'node:assert/strict';
import { test } from 'node:test';
import { machineArguments } from './machine-arguments.ts';

const paths = { kernel: '/k', archive: '/a', socket: '/tmp/a,b/port', console: '/c' };

test('the host is shared read-only, there is no network, a comma in a path is a comma', () => {
  const words = machineArguments(paths);
  assert.ok(words.includes('socket,id=port,path=/tmp/a,,b/port'));
  assert.ok(words.some((word) => /^local,.*path=\/,.*readonly=on/.test(word)));
  assert.ok(
    words.includes('-nodefaults') && !words.some((word) => /^-(net|nic|netdev)$/.test(word)),
  );
});

test('the timer of a guest that waits for the host is not taken for broken', () => {
  const words = machineArguments(paths);
  assert.match(words[words.indexOf('-append') + 1] ?? '', /\bno_timer_check\b/);
});

test('the clock of a guest is one that it need not measure while it waits for the host', () => {
  const words = machineArguments(paths);
  assert.match(words[words.indexOf('-append') + 1] ?? '', /\bclocksource=hpet tsc=unstable\b/);
});
