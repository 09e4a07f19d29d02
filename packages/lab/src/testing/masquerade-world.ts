/**
 * For live tests of uplinks: endpoints, a node with an uplink, and a world that knows no way to
 * endpoints. Behind the world's router is a host on a link with a smaller MTU.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AgentClient, type MasqueradeOptions } from '@skep/agent';
import { createNamespace, deleteNamespace, Network } from '@skep/netlink';
import { inNetworkNamespace } from '@skep/sys';
import { parseAddress, parsePrefix, singlePrefix } from '@skep/wire';
import { Workload } from '../workload.ts';
import type { SeenAsRequest } from './seen-as-client.ts';

const AGENT_MAIN = fileURLToPath(new URL('../agent-main.js', import.meta.url));
const CLIENT_MAIN = fileURLToPath(new URL('./seen-as-client.js', import.meta.url));
const SERVER_MAIN = fileURLToPath(new URL('./seen-as-main.js', import.meta.url));
/** Of the link to the host that is far away. */
export const FAR_MTU_BYTES = 1300;
/** Where everybody is told as whom they are seen. */
export const SERVER_PORT = 7000;

/** Addresses by family. */
export const NODE = { 4: '198.51.100.1', 6: '2001:db8:ff::1' } as const;
/** The world's router, and a server. */
export const NEAR = { 4: '198.51.100.2', 6: '2001:db8:ff::2' } as const;
/** A server behind it. */
export const FAR = { 4: '203.0.113.9', 6: '2001:db8:9::9' } as const;
/** What the router says cannot be reached. */
export const NOWHERE = { 4: '203.0.113.77', 6: '2001:db8:9::77' } as const;
const FAR_ROUTER = { 4: '203.0.113.1', 6: '2001:db8:9::1' } as const;
/** Endpoints of the test. */
export const ENDPOINTS = ['anna', 'bert', 'carl'] as const;
/** One of them. */
export type EndpointName = (typeof ENDPOINTS)[number];
/** Who can be asked; the node and the world once they have a client. */
export type ClientName = EndpointName | 'node' | 'near';

const FAMILIES = [4, 6] as const;
const DEFAULT = { 4: parsePrefix('0.0.0.0/0'), 6: parsePrefix('::/0') } as const;

/** Everything that goes with the test; `tearDown` takes it away. */
export class MasqueradeWorld {
  readonly client: AgentClient;
  private readonly directory = mkdtempSync(join(tmpdir(), 'skep-masquerade-'));
  private readonly prefix = `skep-nat-${process.pid}`;
  private readonly children = new Map<string, ChildProcess>();
  private readonly workloads = new Map<ClientName, Workload>();
  private readonly made: string[] = [];

  constructor() {
    this.client = new AgentClient(join(this.directory, 'agent.sock'));
  }

  /** Namespaces, links, servers, an agent that masquerades, and endpoints. */
  async setUp(masquerade: MasqueradeOptions): Promise<void> {
    for (const name of ['node', 'near', 'far', ...ENDPOINTS]) {
      createNamespace(`${this.prefix}-${name}`);
      this.made.push(name);
      this.at(name, (network) => network.links.set('lo', { isUp: true }));
    }
    this.connect('node', 'near', 'uplink', 1500, NODE, NEAR);
    this.connect('near', 'far', 'inner', FAR_MTU_BYTES, FAR_ROUTER, FAR);
    this.at('near', (near) => {
      for (const family of FAMILIES) {
        near.settings.setForwarding(family, true);
        const destination = singlePrefix(parseAddress(NOWHERE[family]));
        near.routes.add({ destination, type: 'unreachable' });
      }
    });
    this.addDefault('node', NEAR);
    this.addDefault('far', FAR_ROUTER);
    for (const name of ['near', 'far']) await this.serve(name, SERVER_PORT);
    await this.startAgent(masquerade);
    for (const [index, name] of ENDPOINTS.entries()) await this.addEndpoint(name, index + 1);
  }

  /** @param masquerade `undefined`: off */
  startAgent(masquerade: MasqueradeOptions | undefined): Promise<void> {
    const more = masquerade ? [JSON.stringify(masquerade)] : [];
    return this.start('agent', 'node', AGENT_MAIN, [...this.places, ...more]);
  }

  /**
   * Another build's agent, which masquerades.
   *
   * @param main its `daemon-main` of the agent's tests
   * @param steps a file for its steps, and the one that it is killed at
   */
  startBuild(main: string, steps: readonly [log: string, fatal: string] | [] = []): Promise<void> {
    const more = JSON.stringify({ masquerade: {} });
    return this.start('agent', 'node', main, [...this.places, more, ...steps]);
  }

  private get places(): string[] {
    const folders = ['state', 'bpf', 'agent.sock'].map((name) => join(this.directory, name));
    return [...folders, this.pathOf('node')];
  }

  /** Of the folder that has the tables of each layout of masquerade. */
  layouts(): string[] {
    return readdirSync(join(this.directory, 'bpf/masquerade')).sort();
  }

  /** Names of what is pinned for links. */
  linkPins(): string[] {
    return readdirSync(join(this.directory, 'bpf/links')).sort();
  }

  /** Ends the agent without a word. */
  async killAgent(): Promise<void> {
    const agent = this.children.get('agent')!;
    const gone = new Promise((resolve) => agent.once('exit', resolve));
    agent.removeAllListeners('message').kill('SIGKILL');
    await gone;
  }

  /** Who tells everybody in a namespace as whom they are seen. */
  async serve(where: string, port: number): Promise<void> {
    await this.start(`${where}:${port}`, where, SERVER_MAIN, [String(port)]);
  }

  /** Somebody to be asked, in another namespace than an endpoint's. */
  async addClient(where: 'node' | 'near'): Promise<void> {
    this.at(where, ({ settings }) => settings.write('ipv4/ping_group_range', '0 0'));
    this.workloads.set(where, Workload.start(where, this.pathOf(where)));
    await this.start(`${where} client`, where, CLIENT_MAIN, [], false);
  }

  /** What somebody is told. */
  ask(name: ClientName, request: SeenAsRequest): Promise<string> {
    const child = this.children.get(`${name} client`)!;
    return new Promise((resolve) => {
      child.once('message', (answer) => resolve(String(answer)));
      child.send(request);
    });
  }

  /** The clients and servers of the lab, in a namespace. */
  workload(name: ClientName): Workload {
    return this.workloads.get(name)!;
  }

  /** Does a task with the network of one of the namespaces. */
  at<T>(name: string, task: (network: Network) => T): T {
    const network = new Network(this.pathOf(name));
    try {
      return task(network);
    } finally {
      network.close();
    }
  }

  pathOf(name: string): string {
    return `/run/netns/${this.prefix}-${name}`;
  }

  async tearDown(): Promise<void> {
    for (const workload of this.workloads.values()) await workload.stop();
    await this.client.uninstall().catch(() => this.children.get('agent')?.kill('SIGKILL'));
    this.client.close();
    for (const child of this.children.values()) child.kill('SIGKILL');
    for (const name of this.made) deleteNamespace(`${this.prefix}-${name}`);
    rmSync(this.directory, { recursive: true, force: true });
  }

  private async addEndpoint(name: EndpointName, number: number): Promise<void> {
    await this.client.addEndpoint({
      name,
      namespace: 'test',
      labels: { app: name },
      ipv4: `10.96.0.${number}`,
      ipv6: `fd96::${number}`,
      networkNamespace: this.pathOf(name),
    });
    this.at(name, ({ settings }) => settings.write('ipv4/ping_group_range', '0 0'));
    this.workloads.set(name, Workload.start(name, this.pathOf(name)));
    await this.start(`${name} client`, name, CLIENT_MAIN, [], false);
  }

  private connect(
    one: string,
    other: string,
    link: string,
    mtuBytes: number,
    oneEnd: Record<4 | 6, string>,
    otherEnd: Record<4 | 6, string>,
  ): void {
    this.at(one, (here) => {
      this.at(other, (there) => {
        const peer = { name: link, namespaceFd: there.namespace.number };
        here.links.createVeth({ name: link, peer });
        const ends: [Network, Record<4 | 6, string>][] = [
          [here, oneEnd],
          [there, otherEnd],
        ];
        for (const [network, addresses] of ends) {
          network.links.set(link, { isUp: true, mtuBytes });
          addAddress(network, link, addresses[4], 24);
          addAddress(network, link, addresses[6], 64);
        }
      });
    });
  }

  private addDefault(name: string, via: Record<4 | 6, string>): void {
    this.at(name, ({ routes }) => {
      for (const family of FAMILIES) {
        routes.add({ destination: DEFAULT[family], via: parseAddress(via[family]) });
      }
    });
  }

  /** Returns when it says that it is ready. */
  private start(
    name: string,
    where: string,
    main: string,
    parameters: readonly string[],
    speaksFirst = true,
  ): Promise<void> {
    const begin = () => fork(main, [...parameters]);
    // The agent enters the node's namespace by itself.
    const child = name === 'agent' ? begin() : inNetworkNamespace(this.pathOf(where), begin);
    this.children.set(name, child);
    if (!speaksFirst) return Promise.resolve();
    return new Promise((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('exit', () => reject(new Error(`${name} has ended`)));
    });
  }
}

function addAddress(network: Network, link: string, text: string, prefixLength: number): void {
  const linkIndex = network.links.get(link).index;
  const address = parseAddress(text);
  network.addresses.add({ linkIndex, address, prefixLength, isDetectionSkipped: true });
}
