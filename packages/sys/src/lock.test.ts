import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type LockedError, lockDirectory, parseHolder } from './lock.ts';

const skip = process.platform === 'linux' ? false : 'flock(2) is asked of Linux only';
const MODULE = new URL('./lock.js', import.meta.url).href;

test('a directory has one holder, also within a process, until it is given back', { skip }, (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'skep-lock-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const first = lockDirectory(directory);
  assert.throws(
    () => lockDirectory(directory),
    (error: LockedError) => error.code === 'ERR_LOCKED' && error.message.includes(directory),
  );
  first.close();
  lockDirectory(directory).close();
});

test('a process that is killed gives it back; until then it is named', { skip }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'skep-lock-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const script = `
    const { lockDirectory } = await import(${JSON.stringify(MODULE)});
    globalThis.held = lockDirectory(${JSON.stringify(directory)});
    console.log('held');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  assert.throws(() => lockDirectory(directory), { pid: child.pid });
  child.kill('SIGKILL');
  await once(child, 'exit');
  lockDirectory(directory).close();
});

test('the holder is read from the list of the kernel', () => {
  const text = [
    '1: POSIX  ADVISORY  WRITE 11 fe:00:131 0 EOF',
    '2: FLOCK  ADVISORY  WRITE 12 fe:00:130 0 EOF',
    '3: FLOCK  ADVISORY  WRITE 13 fe:00:131 0 EOF',
    '',
  ].join('\n');
  assert.equal(parseHolder(text, 'fe:00:131'), 13);
  assert.equal(parseHolder(text, 'fe:01:131'), undefined);
});
