/** The socket of a daemon that somebody removes: whoever asks is answered again in seconds. */
import assert from 'node:assert/strict';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { canUseBpf } from '@skep/bpf';
import { AgentClient } from './api/client.ts';
import { KilledDaemon } from './testing/killed-daemon.ts';

describe('a daemon whose socket', { skip: canUseBpf() ?? false }, () => {
  const world = new KilledDaemon();
  before(() => world.setUp({ mechanism: 'clsact', hasRedirectPeer: true }));
  after(() => world.tearDown());

  /** As others ask: by the path, each time. */
  const problems = async (): Promise<string> => {
    const client = new AgentClient(world.socket);
    try {
      return (await client.status()).problems.join('\n');
    } finally {
      client.close();
    }
  };

  const untilTold = async (told: RegExp): Promise<void> => {
    const deadline = performance.now() + 20_000;
    for (;;) {
      const found = await problems().catch(String);
      if (told.test(found)) return;
      assert.ok(performance.now() < deadline, `${found}, expected ${told}`);
      await setTimeout(100);
    }
  };

  const AGAIN = /^somebody has removed .*agent\.sock: it is there again since /;

  test('is removed listens again, for its owner alone', async () => {
    rmSync(world.socket);
    await untilTold(AGAIN);
    assert.equal(statSync(world.socket).mode & 0o777, 0o600);
    rmSync(world.socket);
    await untilTold(AGAIN);
  });

  test('is something else leaves that, and listens when it is gone', async () => {
    rmSync(world.socket);
    writeFileSync(world.socket, 'mine');
    await setTimeout(3000);
    assert.equal(statSync(world.socket).size, 4);
    rmSync(world.socket);
    await untilTold(AGAIN);
  });
});
