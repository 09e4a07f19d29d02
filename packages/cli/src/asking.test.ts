/** What a command says of an agent that is there and does not answer. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runSkep } from './testing/run-skep.ts';

const folder = mkdtempSync(join(tmpdir(), 'skep-silent-'));
const socket = join(folder, 'agent.sock');
/** Takes connections, as an agent whose loop hangs: the kernel does it for whoever listens. */
const LISTEN = `
  const server = require('node:http').createServer(() => {});
  server.listen(process.argv[1], () => process.stdout.write('listening'));`;
const agent = spawn(process.execPath, ['-e', LISTEN, socket], {
  stdio: ['ignore', 'pipe', 'inherit'],
});

before(() => once(agent.stdout, 'data'));
after(() => {
  agent.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const FOUND = `error: ask agent at ${socket}: no answer within 1 s: process ${agent.pid} is`;

for (const words of [['status'], ['policy', 'list'], ['observe'], ['ipam', 'list']]) {
  test(`skep ${words.join(' ')} ends in time, and says which process hangs`, async () => {
    const run = await runSkep(...words, '--socket', socket, '--timeout', '1s');
    assert.deepEqual([run.status, run.output], [1, '']);
    assert.ok(run.errors.startsWith(FOUND), run.errors);
    // Who is asked who he is may just take that up.
    assert.match(run.errors, / is (busy|waiting for something) \(give it/);
    assert.match(run.errors, /--timeout .*systemctl restart skep-agent.* keep their traffic/);
  });
}

test('of an agent that is stopped it is said how it goes on', async () => {
  agent.kill('SIGSTOP');
  const run = await runSkep('status', '--socket', socket, '--timeout', '1s');
  assert.deepEqual([run.status, run.output], [1, '']);
  assert.equal(run.errors, `${FOUND} stopped (kill -CONT ${agent.pid})\n`);
});
