/** What goes wrong between client and server, and what is followed for a while. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { type IncomingMessage, request, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parsePolicies } from '@skep/policy';
import type { AgentApi } from '../agent-api.ts';
import type { FlowFilter, FlowView, StatusView } from '../views.ts';
import { AgentClient, AgentError } from './client.ts';
import { serveAgent } from './server.ts';

type Listener = (flow: FlowView) => void;

/** Followers are those of the test; policies are read and forgotten. */
class FakeAgent implements Partial<AgentApi> {
  readonly followers = new Map<Listener, FlowFilter>();
  /** Whoever waits for the followers to change. */
  onChange: () => void = () => {};

  status(): Promise<StatusView> {
    throw new TypeError('status is undefined');
  }

  async removeEndpoint(name: string): Promise<boolean> {
    return name === 'test/anna';
  }

  async addEndpoint(): Promise<never> {
    throw Object.assign(new Error('add endpoint: taken'), { code: 'ERR_ENDPOINT_EXISTS' });
  }

  async applyPolicies(yaml: string, file: string) {
    return { changed: parsePolicies(yaml, { file }).map(String), revision: 1, milliseconds: 0 };
  }

  async recentFlows(_filter: FlowFilter, last = 3): Promise<FlowView[]> {
    return Array.from({ length: last }, (_, index) => flowOf(index + 1));
  }

  async followFlows(filter: FlowFilter, onFlow: Listener): Promise<() => void> {
    this.followers.set(onFlow, filter);
    this.onChange();
    return () => {
      this.followers.delete(onFlow);
      this.onChange();
    };
  }

  push(count: number): void {
    for (const follower of this.followers.keys()) follower(flowOf(count));
  }

  /** Resolves when so many follow. */
  async untilFollowers(count: number): Promise<void> {
    while (this.followers.size !== count) {
      await new Promise<void>((resolve) => {
        this.onChange = resolve;
      });
    }
  }
}

function flowOf(count: number): FlowView {
  const end = { address: '10.0.0.1', identity: 2, name: 'world é' };
  return { ...({ verdict: 'dropped', rules: [] } as unknown as FlowView), source: end, count };
}

async function waitFor(isTrue: () => boolean): Promise<void> {
  for (let turn = 0; turn < 500 && !isTrue(); turn++) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  assert.ok(isTrue(), 'waited for a second');
}

describe('an API over its socket', () => {
  const folder = mkdtempSync(join(tmpdir(), 'skep-api-'));
  const socketPath = join(folder, 'deeper', 'agent.sock');
  const agent = new FakeAgent();
  const client = new AgentClient(socketPath);
  let server: Server;

  before(async () => {
    server = await serveAgent(agent as unknown as AgentApi, socketPath);
  });

  after(() => {
    client.close();
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** As `curl` would: without the client. */
  async function ask(method: string, path: string, body?: string): Promise<[number, string]> {
    const sent = request({ socketPath, method, path, agent: false });
    sent.end(body);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += chunk;
    return [response.statusCode ?? 0, text];
  }

  const refusals: { name: string; ask: [string, string, string?]; status: number; says: RegExp }[] =
    [
      { name: 'an unknown path', ask: ['GET', '/v1/colours'], status: 404, says: /\/v1\/colours/ },
      { name: 'another method', ask: ['PATCH', '/v1/status'], status: 404, says: /PATCH/ },
      { name: 'a broken body', ask: ['POST', '/v1/endpoints', '{'], status: 400, says: /JSON/ },
      { name: 'no body', ask: ['POST', '/v1/endpoints'], status: 400, says: /JSON/ },
      {
        name: 'an unknown question',
        ask: ['GET', '/v1/flows?colour=red'],
        status: 400,
        says: /colour/,
      },
      {
        name: 'an unknown verdict',
        ask: ['GET', '/v1/flows?verdict=maybe'],
        status: 400,
        says: /verdict/,
      },
      {
        name: 'a policy that is none',
        ask: ['PUT', '/v1/policies?file=x.yaml', 'kind: Nonsense'],
        status: 400,
        says: /ERR_POLICY_DOCUMENT.*x\.yaml:1/,
      },
      {
        name: 'an endpoint that is there',
        ask: [
          'POST',
          '/v1/endpoints',
          '{"name":"a","namespace":"b","labels":{},"networkNamespace":"/run/netns/a"}',
        ],
        status: 409,
        says: /taken/,
      },
      { name: 'a broken agent', ask: ['GET', '/v1/status'], status: 500, says: /ERR_INTERNAL/ },
    ];
  for (const { name, ask: question, status, says } of refusals) {
    test(`${name}: status ${status}, and why`, async () => {
      const [found, text] = await ask(...question);
      assert.equal(found, status);
      assert.match(text, says);
    });
  }

  test('a connection that the agent has closed meanwhile is no error', async () => {
    for (let turn = 0; turn < 5; turn++) {
      assert.equal(await client.removeEndpoint('test/anna'), true);
      // Its end is not seen before the next question is sent.
      await new Promise((resolve) => setTimeout(resolve, 20));
      server.closeIdleConnections();
      assert.equal(await client.removeEndpoint('test/anna'), true);
    }
  });

  test('an endpoint that was not there is no error', async () => {
    assert.equal(await client.removeEndpoint('test/anna'), true);
    assert.equal(await client.removeEndpoint('test/bert'), false);
  });

  test('every problem of a policy comes back, each in a line', async () => {
    const yaml = 'kind: Nonsense\n---\nkind: Other\n';
    const expected = (() => {
      try {
        return String(parsePolicies(yaml, { file: 'two.yaml' }));
      } catch (error) {
        return (error as Error).message;
      }
    })();
    assert.ok(expected.includes('\n'));
    await assert.rejects(client.applyPolicies(yaml, 'two.yaml'), (error) => {
      assert.ok(error instanceof AgentError);
      assert.deepEqual([error.code, error.message], ['ERR_POLICY_DOCUMENT', expected]);
      return true;
    });
  });

  test('a flow is a line, and letters of all languages survive', async () => {
    const [status, text] = await ask('GET', '/v1/flows?last=2');
    assert.equal(status, 200);
    assert.deepEqual(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
      [flowOf(1), flowOf(2)],
    );
  });

  test('the remembered come first where they are asked for and followed', async () => {
    const sent = request({ socketPath, path: '/v1/flows?last=2&follow=1', agent: false });
    sent.end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    await agent.untilFollowers(1);
    agent.push(9);
    await waitFor(() => text.split('\n').length === 4);
    const counts = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).count);
    assert.deepEqual(counts, [1, 2, 9]);
    response.on('error', () => {});
    response.destroy();
    await agent.untilFollowers(0);
  });

  test('who stops following is forgotten by the agent; the others go on', async () => {
    const [first, second]: number[][] = [[], []];
    const filter: FlowFilter = { endpoint: 'a/b', verdict: 'dropped', port: 80, protocol: 'TCP' };
    const stopFirst = await client.followFlows(filter, ({ count }) => first!.push(count));
    const stopSecond = await client.followFlows({}, ({ count }) => second!.push(count));
    await agent.untilFollowers(2);
    assert.deepEqual([...agent.followers.values()], [filter, {}]);
    for (let count = 1; count <= 1000; count++) agent.push(count);
    await waitFor(() => first!.length === 1000 && second!.length === 1000);
    assert.deepEqual(
      first,
      Array.from({ length: 1000 }, (_, index) => index + 1),
    );
    stopFirst();
    await agent.untilFollowers(1);
    agent.push(1001);
    await waitFor(() => second!.length === 1001);
    assert.equal(first!.length, 1000);
    stopSecond();
    await agent.untilFollowers(0);
  });

  test('other questions are answered while flows are followed', async () => {
    const stop = await client.followFlows({}, () => {});
    assert.equal(await client.removeEndpoint('test/anna'), true);
    stop();
    await agent.untilFollowers(0);
  });
});

/** Makes a socket as a process that was killed leaves it: there, and nobody listens. */
async function leaveSocket(socketPath: string): Promise<void> {
  const text = `require('net').createServer().listen(process.argv[1], () => console.log('up'))`;
  const child = spawn(process.execPath, ['-e', text, socketPath]);
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.ok(statSync(socketPath).isSocket());
}

test('who follows flows is told when the agent ends them, and not of its own end', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'skep-api-'));
  const socketPath = join(folder, 'agent.sock');
  const agent = new FakeAgent();
  const server = await serveAgent(agent as unknown as AgentApi, socketPath);
  const client = new AgentClient(socketPath);
  try {
    const ends: string[] = [];
    const stop = await client.followFlows(
      {},
      () => {},
      () => ends.push('own'),
    );
    const ended = new Promise<void>((resolve) => {
      void client.followFlows({}, () => {}, resolve);
    });
    await agent.untilFollowers(2);
    stop();
    await agent.untilFollowers(1);
    server.closeAllConnections();
    await ended;
    assert.deepEqual(ends, []);
  } finally {
    client.close();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a socket that a dead agent has left is replaced', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'skep-api-'));
  const socketPath = join(folder, 'agent.sock');
  await leaveSocket(socketPath);
  const client = new AgentClient(socketPath);
  await assert.rejects(
    client.status(),
    /connect to agent at .*: nobody answers \(is `skep agent` running/,
  );
  const server = await serveAgent(new FakeAgent() as unknown as AgentApi, socketPath);
  try {
    assert.equal(await client.removeEndpoint('test/anna'), true);
  } finally {
    client.close();
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
  assert.equal(existsSync(socketPath), false);
});
