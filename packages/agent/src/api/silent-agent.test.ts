/** An agent that takes connections and does not answer: stopped, or at what never ends. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { AgentClient, AgentSilentError } from './client.ts';
import { explainSilence } from './silent-agent.ts';

const SHORT_SECONDS = 0.2;

async function begin(context: TestContext, answer: RequestListener): Promise<AgentClient> {
  const folder = mkdtempSync(join(tmpdir(), 'skep-silent-'));
  const socketPath = join(folder, 'agent.sock');
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  const client = new AgentClient(socketPath, SHORT_SECONDS);
  context.after(() => {
    client.close();
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return client;
}

const questions: Readonly<Record<string, (client: AgentClient) => Promise<unknown>>> = {
  status: (client) => client.status(),
  metrics: (client) => client.metrics(),
  'recent flows': (client) => client.recentFlows({}),
  'following flows': (client) => client.followFlows({}, () => {}),
  'a change': (client) => client.applyPolicies('', 'none.yaml'),
};

for (const [name, ask] of Object.entries(questions)) {
  test(`${name}: no answer is an error`, async (context) => {
    const client = await begin(context, () => {});
    await assert.rejects(ask(client), (error) => {
      assert.ok(error instanceof AgentSilentError, String(error));
      assert.equal(error.isAnswerLost, true, 'it may be done later');
      assert.match(error.message, /^ask agent at .*agent\.sock: no answer within 0\.2 s$/);
      return true;
    });
  });
}

for (const name of ['status', 'metrics', 'recent flows', 'a change']) {
  test(`${name}: half an answer is none`, async (context) => {
    const client = await begin(context, (_, response) => void response.writeHead(200).write(' '));
    await assert.rejects(questions[name]!(client), AgentSilentError);
  });
}

test('who does not answer is told by its process', async (context) => {
  const client = await begin(context, () => {});
  const error = await client.status().catch((caught: unknown) => caught);
  assert.ok(error instanceof AgentSilentError);
  const { code, message } = explainSilence(error);
  assert.equal(code, 'ETIMEDOUT');
  assert.match(message, new RegExp(`within 0\\.2 s: process ${process.pid} is busy \\(give it`));
});

test('an answer that takes long, but goes on, is waited for', async (context) => {
  const client = await begin(context, (_, response) => {
    const parts = ['{"isHealthy"', ':', 'true', '}'];
    const timer = setInterval(() => {
      response.write(parts.shift()!);
      if (parts.length > 0) return;
      clearInterval(timer);
      response.end();
    }, SHORT_SECONDS * 600);
  });
  assert.deepEqual(await client.health(), { isHealthy: true });
});

test('who follows flows waits for the next as long as it takes', async (context) => {
  const client = await begin(context, (_, response) => {
    response.flushHeaders();
    setTimeout(() => response.write('{"count":1}\n'), SHORT_SECONDS * 3000);
  });
  const seen: unknown[] = [];
  let hasEnded = false;
  const stop = await client.followFlows(
    {},
    (flow) => seen.push(flow),
    () => {
      hasEnded = true;
    },
  );
  while (seen.length === 0 && !hasEnded) await pause(20);
  stop();
  assert.deepEqual([seen, hasEnded], [[{ count: 1 }], false]);
});

test('a connection that has idled is no silence', async (context) => {
  const client = await begin(context, (_, response) => void response.end('{}'));
  for (const wait of [SHORT_SECONDS * 2000, 0]) {
    assert.deepEqual(await client.health(), {});
    await pause(wait);
  }
});
