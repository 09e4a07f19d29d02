/** What podman answers, and what its endpoint has of it: nothing that opens it by mistake. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { PodmanLabels } from './podman-labels.ts';

const CONTAINER = '5'.repeat(64);

/** A service that says the same to every question. */
async function answering(t: TestContext, status: number, body: object): Promise<PodmanLabels> {
  const directory = mkdtempSync(join(tmpdir(), 'skep-podman-'));
  const socket = join(directory, 'podman.sock');
  const server = createServer((_, response) => {
    response.writeHead(status).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  t.after(() => {
    server.close();
    rmSync(directory, { recursive: true });
  });
  return new PodmanLabels(socket);
}

const ask = (podman: PodmanLabels) => podman.labelsOf(CONTAINER, new AbortController().signal);

test('the labels of a container, and of one that has none', async (t) => {
  const labels = { app: 'web' };
  const found = await answering(t, 200, { Config: { Labels: labels } });
  assert.deepEqual(await ask(found), labels);
  assert.deepEqual(await ask(await answering(t, 200, { Config: { Labels: null } })), {});
});

test('a container that it does not know has labels all the same', async (t) => {
  const found = await answering(t, 404, { cause: 'no such container' });
  await assert.rejects(ask(found), {
    code: 'ERR_PODMAN',
    message: /podman.sock for labels: it has no such container \(another user's\?\)$/,
  });
});

test('what is no answer is an error', async (t) => {
  for (const [status, body] of [
    [500, {}],
    [200, {}],
    [200, { Config: { Labels: ['app'] } }],
  ] as const) {
    await assert.rejects(ask(await answering(t, status, body)), { code: 'ERR_PODMAN' });
  }
});
