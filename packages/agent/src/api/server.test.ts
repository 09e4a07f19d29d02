/** Client and server on a socket of the test's own; the agent behind it only remembers. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { AgentApi } from '../agent-api.ts';
import type { FlowView } from '../views.ts';
import { AgentClient, AgentError } from './client.ts';
import { SocketInUseError, serveAgent } from './server.ts';

const FLOW = { source: { port: 40000 }, destination: { port: 80 } } as FlowView;
const calls: unknown[][] = [];

const agent: Partial<AgentApi> = {
  removeEndpoint: async (name) => {
    calls.push(['removeEndpoint', name]);
    return true;
  },
  applyPolicies: async (yaml, file) => {
    calls.push(['applyPolicies', yaml, file]);
    return { changed: ['a', 'b'], revision: 7, milliseconds: 1 };
  },
  deletePolicies: async (changed) => ({ changed, revision: 8, milliseconds: 1 }),
  listIpcache: async () => {
    throw Object.assign(new Error('no table'), { code: 'ERR_ADDRESS' });
  },
  recentFlows: async (filter, last) => {
    calls.push(['recentFlows', filter, last]);
    return [FLOW, FLOW];
  },
  followFlows: async (_filter, onFlow) => {
    setImmediate(onFlow, FLOW);
    return () => {};
  },
};

function whenCalled(): { promise: Promise<unknown>; resolve: (value: unknown) => void } {
  let resolve: (value: unknown) => void = () => {};
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

describe('the agent behind its socket', () => {
  const folder = mkdtempSync(join(tmpdir(), 'skep-api-'));
  const socketPath = join(folder, 'agent.sock');
  const client = new AgentClient(socketPath);
  let server: Server;

  before(async () => {
    server = await serveAgent(agent as AgentApi, socketPath);
  });

  after(() => {
    client.close();
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('only its owner may use the socket', () => {
    assert.equal(statSync(socketPath).mode & 0o777, 0o600);
  });

  test('names, bodies and lists arrive as they were given', async () => {
    assert.equal(await client.removeEndpoint('test/an na'), true);
    await client.applyPolicies('kind: X', 'a b.yaml');
    assert.deepEqual(calls.splice(0), [
      ['removeEndpoint', 'test/an na'],
      ['applyPolicies', 'kind: X', 'a b.yaml'],
    ]);
    assert.deepEqual((await client.deletePolicies(['k/a/b', 'k/a/c'])).changed, ['k/a/b', 'k/a/c']);
  });

  test("an error keeps the agent's code and words", async () => {
    await assert.rejects(client.listIpcache(), (error) => {
      assert.ok(error instanceof AgentError);
      assert.deepEqual([error.code, error.message], ['ERR_ADDRESS', 'no table']);
      return true;
    });
  });

  test('flows come one by one, the remembered and the new', async () => {
    assert.deepEqual(await client.recentFlows({ port: 80 }, 2), [FLOW, FLOW]);
    assert.deepEqual(calls.splice(0), [['recentFlows', { port: 80 }, 2]]);
    const followed: FlowView[] = [];
    const { promise, resolve } = whenCalled();
    const stop = await client.followFlows({}, (flow) => resolve(followed.push(flow)));
    await promise;
    stop();
    assert.deepEqual(followed, [FLOW]);
  });

  test('a socket that is answered on is not taken', async () => {
    await assert.rejects(serveAgent(agent as AgentApi, socketPath), SocketInUseError);
  });
});

test('an agent that does not run is said so', async () => {
  const client = new AgentClient('/nonexistent/agent.sock');
  await assert.rejects(
    client.status(),
    /connect to agent at \/nonexistent.*is `skep agent` running/,
  );
  client.close();
});
