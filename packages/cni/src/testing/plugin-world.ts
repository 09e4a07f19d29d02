/** For the live tests: a node with a way out and an agent, two containers, and the plugin. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, type EndpointView, serveAgent } from '@skep/agent';
import { createNamespace, deleteNamespace, Network } from '@skep/netlink';
import { parsePrefix } from '@skep/wire';
import { type LossySocket, openLossySocket } from './lossy-socket.ts';
import { type Answer, type Attached, callPlugin, writePlugin } from './runtime.ts';

/** Of the node's way out, which endpoints are to have. */
const UPLINK_MTU_BYTES = 1400;
const POOLS = ['10.95.0.0/24', 'fd95::/64', 'fd77::9'];
const NAMESPACES = ['node', 'outside', 'anna', 'bert'] as const;

/** One of the world's network namespaces. */
export type NamespaceName = (typeof NAMESPACES)[number];

/** All of it goes with {@link tearDown}. */
export class PluginWorld {
  readonly anna: Attached;
  readonly bert: Attached;
  agent!: Agent;
  private readonly directory = mkdtempSync(join(tmpdir(), 'skep-cni-'));
  private readonly prefix: string;
  private readonly socket = join(this.directory, 'agent.sock');
  private readonly plugin = writePlugin(this.directory);
  private server!: Server;
  private sockets = 0;
  private readonly lossySockets: LossySocket[] = [];

  /** @param kind tells the worlds of one process apart */
  constructor(kind: string) {
    this.prefix = `skep-cni-${kind}-${process.pid}`;
    this.anna = { containerId: 'anna', networkNamespace: this.pathOf('anna') };
    this.bert = { containerId: 'bert', networkNamespace: this.pathOf('bert') };
  }

  /** @param pools as those of `start` */
  async setUp(pools?: readonly string[]): Promise<void> {
    for (const name of NAMESPACES) createNamespace(`${this.prefix}-${name}`);
    this.within('node', ({ links, addresses, routes }) => {
      const outside = new Network(this.pathOf('outside'));
      const namespaceFd = outside.namespace.number;
      const up = { name: 'up', mtuBytes: UPLINK_MTU_BYTES, isUp: true };
      const { index } = links.createVeth({ ...up, peer: { name: 'out', namespaceFd } });
      outside.links.set('out', { isUp: true });
      outside.close();
      const { address } = parsePrefix('192.0.2.1');
      addresses.add({ linkIndex: index, address, prefixLength: 24 });
      routes.add({ destination: parsePrefix('0.0.0.0/0'), via: parsePrefix('192.0.2.9').address });
    });
    await this.start(pools);
  }

  async tearDown(): Promise<void> {
    for (const socket of this.lossySockets) socket.close();
    this.server?.closeAllConnections();
    this.server?.close();
    await this.agent?.uninstall();
    for (const name of NAMESPACES) deleteNamespace(`${this.prefix}-${name}`);
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** @param pools more than all tests together use while addresses cool down, if not given */
  async start(pools: readonly string[] = POOLS): Promise<void> {
    this.agent = Agent.start({
      stateDirectory: join(this.directory, 'state'),
      bpffsDirectory: join(this.directory, 'bpf'),
      networkNamespace: this.pathOf('node'),
      addresses: { pools, reserved: ['10.95.0.1', 'fd77::9'] },
    });
    this.server = await serveAgent(this.agent, this.socket);
  }

  /** The agent goes away in the middle of whatever it was asked. */
  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    this.agent.stop();
  }

  /** Another socket of the agent, by which its first answers are lost. */
  async loseAnswers(count: number): Promise<LossySocket> {
    const path = join(this.directory, `lossy-${++this.sockets}.sock`);
    const socket = await openLossySocket(path, this.socket, count);
    this.lossySockets.push(socket);
    return socket;
  }

  /** Asks the kernel about one of the namespaces. */
  within<T>(name: NamespaceName, task: (network: Network) => T): T {
    const network = new Network(this.pathOf(name));
    try {
      return task(network);
    } finally {
      network.close();
    }
  }

  /**
   * Calls the plugin.
   *
   * @param more what the network's configuration has besides what every one has
   * @param killAfter milliseconds after which the plugin is killed
   */
  call(
    command: string,
    attached: Partial<Attached>,
    more: object = {},
    killAfter?: number,
  ): Promise<Answer> {
    const { plugin, socket } = this;
    const every = { cniVersion: '1.1.0', name: 'trial', type: 'skep-cni', socket };
    return callPlugin(plugin, command, attached, { ...every, ...more }, killAfter);
  }

  /** ADD that has to succeed. @returns the result */
  async add(attached: Attached, more: object = {}): Promise<NonNullable<Answer['json']>> {
    const { status, json } = await this.call('ADD', attached, more);
    assert.equal(status, 0, JSON.stringify(json));
    return json!;
  }

  /** The one endpoint that there is. */
  async only(): Promise<EndpointView> {
    const all = await this.agent.listEndpoints();
    assert.equal(all.length, 1);
    return all[0]!;
  }

  async assertNothingLeft(): Promise<void> {
    assert.deepEqual(await this.agent.listEndpoints(), []);
    const links = this.within('node', (network) => network.links.list().map(({ name }) => name));
    assert.deepEqual(links, ['lo', 'up']);
    for (const { taken } of await this.agent.listPools()) assert.equal(taken, 0);
  }

  pathOf(name: NamespaceName): string {
    return `/run/netns/${this.prefix}-${name}`;
  }
}
