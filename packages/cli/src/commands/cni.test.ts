/** What `skep cni install` writes of what it is told. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { runSkep } from '../testing/run-skep.ts';

test('a network names the agent’s socket as it is from everywhere', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'skep-cni-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const near = relative(process.cwd(), folder);
  const places = ['--bin-dir', join(near, 'bin'), '--conf-dir', join(near, 'net.d')];
  const socket = ['--socket', join(near, 'agent.sock')];
  const { status, output } = await runSkep('cni', 'install', ...places, ...socket);
  assert.equal(status, 0);
  const path = join(folder, 'net.d/10-skep.conflist');
  assert.ok(output.includes(`wrote ${path}\n`), output);
  const { plugins } = JSON.parse(readFileSync(path, 'utf8'));
  assert.equal(plugins[0].socket, join(folder, 'agent.sock'));
});

test('a network’s labels are labels', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'skep-cni-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const places = ['--bin-dir', folder, '--conf-dir', folder];
  const { status, errors } = await runSkep('cni', 'install', ...places, '--label', 'k8s:=shop');
  assert.equal(status, 1);
  assert.equal(errors, "error: install plugin: found 'k8s:=shop', expected source:key=value\n");
  assert.deepEqual(readdirSync(folder), []);
});
