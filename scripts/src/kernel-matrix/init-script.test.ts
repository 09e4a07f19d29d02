import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { initScript } from './init-script.ts';

const script = initScript({
  modules: ['9pnet.ko', '9p.ko'],
  modulesDirectory: '/it is/here',
  project: '/tmp/a clone',
  command: ['/bin/node', "/it's/guest.js"],
});

test('the script is one that a shell understands', () => {
  const { status, stderr } = spawnSync('/bin/sh', ['-n'], { input: script, encoding: 'utf8' });
  assert.deepEqual([status, stderr], [0, '']);
});

test('the command comes through two shells as it was', () => {
  const last = script.split('/bin/sh -c ')[1] ?? '';
  const inner = spawnSync('/bin/sh', ['-c', `printf %s ${last}`], { encoding: 'utf8' }).stdout;
  const words = inner.split(';')[0] ?? '';
  const shown = spawnSync('/bin/sh', ['-c', `printf '%s|' ${words}`], { encoding: 'utf8' }).stdout;
  assert.equal(shown, "/bin/node|/it's/guest.js|");
});

test('a project among hidden files is taken aside before they are hidden, and put back', () => {
  const at = [
    "mount -o bind '/root/tmp/a clone' /project",
    'mount -t tmpfs tmpfs tmp',
    "mkdir -p run/netns '/root/tmp/a clone'",
    "mount --move /project '/root/tmp/a clone'",
    "mount -o bind /root'/it is/here'",
  ].map((line) => script.indexOf(line));
  assert.ok(at[0]! > 0);
  assert.deepEqual(
    at,
    at.toSorted((a, b) => a - b),
  );
});
