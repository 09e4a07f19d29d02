/** The API both ways: a client over a socket to a server over an agent that is made up. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { EndpointError } from '../endpoints/endpoint-error.ts';
import type { AgentApi } from '../agent-api.ts';
import type {
  AttachmentKey,
  ChangeOptions,
  EndpointRequest,
  FlowFilter,
  FlowView,
} from '../views.ts';
import { AgentClient, AgentError } from './client.ts';
import { serveAgent, SocketInUseError } from './server.ts';

const ANNA: EndpointRequest = {
  name: 'anna',
  namespace: 'test',
  labels: { app: 'anna' },
  ipv4: '10.0.0.1',
  networkNamespace: '/run/netns/anna',
  namedPorts: [{ name: 'web', protocol: 'TCP', port: 80 }],
};
const FLOW = { verdict: 'dropped', protocol: 'TCP', count: 1 } as unknown as FlowView;

/** Remembers what it was asked, and answers something that can be told apart. */
class FakeAgent implements Partial<AgentApi> {
  readonly asked: unknown[] = [];
  readonly followers = new Set<(flow: FlowView) => void>();

  async addEndpoint(request: EndpointRequest, isRetry?: boolean): Promise<never> {
    this.asked.push(request, isRetry);
    if (request.name === 'taken') throw new EndpointError('ERR_ENDPOINT_EXISTS', 'it is taken');
    return { ...request, id: 7 } as never;
  }

  async relabelEndpoint(name: string, labels: object): Promise<never> {
    this.asked.push([name, labels]);
    return { ...ANNA, labels } as never;
  }

  async removeEndpoint(name: string): Promise<boolean> {
    this.asked.push(name);
    return name === 'test/anna';
  }

  async removeAttachment(key: AttachmentKey): Promise<boolean> {
    this.asked.push(key);
    return key.containerId === 'abc.1';
  }

  async removeUnlisted(network: string, valid: readonly AttachmentKey[]): Promise<number> {
    this.asked.push([network, valid]);
    return 3;
  }

  async checkAttachment(key: AttachmentKey, networkNamespace: string): Promise<never> {
    this.asked.push([key, networkNamespace]);
    return { endpoint: ANNA, problems: ['a'] } as never;
  }

  async listEndpoints(): Promise<never[]> {
    return [];
  }

  async applyPolicies(yaml: string, file: string, options: ChangeOptions): Promise<never> {
    this.asked.push([yaml, file, options]);
    return { changed: ['a/b/c'], revision: 3, milliseconds: 1 } as never;
  }

  async applyPolicyFiles(...parameters: unknown[]): Promise<never> {
    this.asked.push(parameters);
    return { changed: ['a/b/c', 'd/e/f'], revision: 4, milliseconds: 1 } as never;
  }

  async deletePolicies(keys: readonly string[], options: ChangeOptions): Promise<never> {
    this.asked.push([...keys, options]);
    return { changed: keys, revision: 4, milliseconds: 1 } as never;
  }

  async confirmPolicies(): Promise<never> {
    return { changed: ['confirmed'], revision: 5, milliseconds: 1 } as never;
  }

  async relabelNode(options: ChangeOptions): Promise<never> {
    this.asked.push([options]);
    return { changed: ['relabelled'], revision: 5, milliseconds: 1 } as never;
  }

  async revertPolicies(): Promise<never> {
    return { changed: ['reverted'], revision: 5, milliseconds: 1 } as never;
  }

  async recentFlows(filter: FlowFilter, last?: number): Promise<FlowView[]> {
    this.asked.push([filter, last]);
    return [FLOW, FLOW];
  }

  async followFlows(_filter: FlowFilter, onFlow: (flow: FlowView) => void): Promise<() => void> {
    this.followers.add(onFlow);
    return () => this.followers.delete(onFlow);
  }
}

describe('the API over its socket', () => {
  const directory = mkdtempSync(join(tmpdir(), 'skep-api-'));
  const socket = join(directory, 'agent.sock');
  const agent = new FakeAgent();
  const client = new AgentClient(socket);
  let server: Server;

  before(async () => {
    server = await serveAgent(agent as unknown as AgentApi, socket);
  });

  after(() => {
    client.close();
    server.closeAllConnections();
    server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  test('an endpoint is called by its whole name, or by the last part of it', async () => {
    for (const name of ['test/anna', 'anna', 'test/a b', 'a b']) {
      await client.relabelEndpoint(name, { app: 'bert' });
      assert.deepEqual(agent.asked.pop(), [name, { app: 'bert' }]);
    }
    assert.equal(await client.removeEndpoint('anna'), false);
    assert.equal(agent.asked.pop(), 'anna');
  });

  test('only its owner may use the socket', () => {
    assert.equal(statSync(socket).mode & 0o777, 0o600);
  });

  test('requests arrive as they were made, and answers come back', async () => {
    assert.equal((await client.addEndpoint(ANNA)).id, 7);
    assert.deepEqual(agent.asked.splice(0), [ANNA, false]);
    await client.addEndpoint(ANNA, true);
    assert.deepEqual(agent.asked.splice(0), [ANNA, true]);
    assert.equal(await client.removeEndpoint('test/anna'), true);
    assert.equal(await client.removeEndpoint('test/an other'), false);
    assert.equal(agent.asked.pop(), 'test/an other');
    assert.deepEqual((await client.applyPolicies('kind: X\n', 'x y.yaml')).changed, ['a/b/c']);
    assert.deepEqual(agent.asked.pop(), ['kind: X\n', 'x y.yaml', {}]);
    assert.deepEqual((await client.deletePolicies(['a/b/c', 'd/e/f'])).changed, ['a/b/c', 'd/e/f']);
    assert.deepEqual(await client.listEndpoints(), []);
  });

  test('a change of policy says whether it is to be confirmed', async () => {
    await client.applyPolicies('kind: X\n', 'x', { confirmWithinSeconds: 60 });
    assert.deepEqual(agent.asked.pop(), ['kind: X\n', 'x', { confirmWithinSeconds: 60 }]);
    await client.deletePolicies(['a/b/c'], { isUnconfirmed: true });
    assert.deepEqual(agent.asked.pop(), ['a/b/c', { isUnconfirmed: true }]);
    assert.deepEqual((await client.confirmPolicies()).changed, ['confirmed']);
    assert.deepEqual((await client.revertPolicies()).changed, ['reverted']);
    const options = { confirmWithinSeconds: 60 };
    const { changed } = await client.relabelNode(options);
    assert.deepEqual([changed, agent.asked.pop()], [['relabelled'], [options]]);
    const wrong = client.applyPolicies('', 'x', { confirmWithinSeconds: 0 });
    await assert.rejects(wrong, /confirmWithin/);
  });

  test('files are applied by one request', async () => {
    const files = [
      { file: 'x y.yaml', text: 'kind: X\n' },
      { file: 'z.yaml', text: '' },
    ];
    const { changed } = await client.applyPolicyFiles(files, { isUnconfirmed: true });
    assert.deepEqual(changed, ['a/b/c', 'd/e/f']);
    assert.deepEqual(agent.asked.pop(), [files, { isUnconfirmed: true }]);
    const wrong = client.applyPolicyFiles([{ file: '', text: 'kind: X' }]);
    await assert.rejects(wrong, /0\.file: /);
  });

  test('attachments are asked about by container and interface', async () => {
    const key = { containerId: 'abc.1', interfaceName: 'eth0' };
    assert.equal(await client.removeAttachment(key), true);
    assert.deepEqual(agent.asked.pop(), key);
    assert.equal(await client.removeUnlisted('a b', [key]), 3);
    assert.deepEqual(agent.asked.pop(), ['a b', [key]]);
    const { problems } = await client.checkAttachment(key, '/run/netns/a');
    assert.deepEqual([problems, agent.asked.pop()], [['a'], [key, '/run/netns/a']]);
    const wrong = client.removeAttachment({ ...key, containerId: '../x' });
    await assert.rejects(wrong, { code: 'ERR_REQUEST', message: /^containerId: expected letters/ });
    await assert.rejects(client.checkAttachment(key, 'x'), { code: 'ERR_REQUEST' });
  });

  test('an attachment is asked about by its network, if it is said', async () => {
    const key = { network: 'a&b', containerId: 'abc.1', interfaceName: 'eth0' };
    assert.equal(await client.removeAttachment(key), true);
    assert.deepEqual(agent.asked.pop(), key);
    await client.checkAttachment(key, '/run/netns/a');
    assert.deepEqual(agent.asked.pop(), [key, '/run/netns/a']);
    const wrong = client.removeAttachment({ ...key, network: '' });
    await assert.rejects(wrong, { code: 'ERR_REQUEST', message: /^network: / });
  });

  test('flows come one a line, with the filter that was asked for', async () => {
    const filter = { verdict: 'dropped', port: 80 } as const;
    assert.equal((await client.recentFlows(filter, 5)).length, 2);
    assert.deepEqual(agent.asked.pop(), [filter, 5]);
  });

  test('who follows flows gets them until it stops', async () => {
    const seen: FlowView[] = [];
    const stop = await client.followFlows({}, (flow) => seen.push(flow));
    while (agent.followers.size === 0) await new Promise(setImmediate);
    for (const follower of agent.followers) follower(FLOW);
    while (seen.length === 0) await new Promise(setImmediate);
    assert.deepEqual(seen, [FLOW]);
    stop();
    while (agent.followers.size > 0) await new Promise(setImmediate);
  });

  test('an agent that goes away ends the flows, not the one who follows them', async () => {
    const path = join(directory, 'other.sock');
    const other = await serveAgent(agent as unknown as AgentApi, path);
    const follower = new AgentClient(path);
    const stop = await follower.followFlows({}, () => {});
    while (agent.followers.size === 0) await new Promise(setImmediate);
    other.closeAllConnections();
    await new Promise((resolve) => other.close(resolve));
    while (agent.followers.size > 0) await new Promise(setImmediate);
    stop();
    follower.close();
  });

  test('errors keep their code and message', async () => {
    const taken = client.addEndpoint({ ...ANNA, name: 'taken' });
    await assert.rejects(taken, { code: 'ERR_ENDPOINT_EXISTS', message: 'it is taken' });
  });

  test('what is not understood is refused by name', async () => {
    const wrong = { ...ANNA, colour: 'red' } as EndpointRequest;
    await assert.rejects(client.addEndpoint(wrong), (error: AgentError) => {
      return error.code === 'ERR_REQUEST' && /colour/.test(error.message);
    });
    for (const mac of ['01:00:5e:00:00:01', '00:00:00:00:00:00', '02:5c:e9']) {
      await assert.rejects(client.addEndpoint({ ...ANNA, mac }), { code: 'ERR_REQUEST' });
    }
    const noPort = client.recentFlows({ port: 99_999 });
    await assert.rejects(noPort, { code: 'ERR_REQUEST' });
  });

  test('a second agent does not take the socket of the first', async () => {
    const second = serveAgent(agent as unknown as AgentApi, socket);
    await assert.rejects(second, SocketInUseError);
  });

  test('an agent that is not there is named with its path', async () => {
    const lost = new AgentClient(join(directory, 'nobody.sock'));
    await assert.rejects(lost.status(), (error: Error) => {
      return error instanceof AgentError && /nobody\.sock.*skep agent/.test(error.message);
    });
  });
});
