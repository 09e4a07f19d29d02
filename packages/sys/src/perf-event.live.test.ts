import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inFileSystem } from './mount.ts';
import { openTracepoint } from './perf-event.ts';

const isRoot = process.getuid?.() === 0;

test('a tracepoint is opened by its name', { skip: !isRoot }, () => {
  openTracepoint('sock/inet_sock_set_state').close();
  assert.throws(() => openTracepoint('sock/no_such'), /open tracepoint sock\/no_such: no such/);
});

test('a file system is there during the task, and gone after it', { skip: !isRoot }, () => {
  const isMounted = readFileSync('/proc/self/mounts', 'utf8').includes(' tracefs ');
  const path = inFileSystem('tracefs', (folder) => {
    assert.ok(existsSync(join(folder, 'events')));
    return folder;
  });
  assert.equal(existsSync(join(path, 'events')), isMounted);
});
