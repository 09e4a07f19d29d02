/** For the tests with real container runtimes: a node with an agent in this process. */
import type { Server } from 'node:http';
import { join } from 'node:path';
import { Agent, type AgentOptions, type EndpointView, serveAgent } from '@skep/agent';
import { ContainerNode } from './container-node.ts';

/** The node; everything of it goes with {@link tearDown}. */
export class ContainerWorld extends ContainerNode {
  agent!: Agent;
  private server!: Server;

  /** Whose containers' labels the agent asks for, from when it is set and the agent starts. */
  runtimes: Pick<AgentOptions, 'containerdSocket' | 'podmanSocket'> = {};

  async setUp(): Promise<void> {
    this.makeNode();
    await this.startAgent();
  }

  async tearDown(): Promise<void> {
    this.server?.closeAllConnections();
    this.server?.close();
    await this.agent?.uninstall();
    this.removeNode();
  }

  async startAgent(): Promise<void> {
    this.agent = Agent.start({
      stateDirectory: join(this.directory, 'state'),
      bpffsDirectory: join(this.directory, 'bpf'),
      networkNamespace: this.networkNamespace,
      addresses: { pools: ['10.94.0.0/24', 'fd94::/64'] },
      ...this.runtimes,
    });
    this.server = await serveAgent(this.agent, this.socket);
  }

  async stopAgent(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    this.agent.stop();
  }

  async endpoint(name: string): Promise<EndpointView> {
    const found = (await this.agent.listEndpoints()).find((each) => each.name === name);
    if (!found) throw new Error(`endpoint ${name}: there is none`);
    return found;
  }

  /** Nothing of the containers that were there is left with the agent, or on the node. */
  async leftovers(): Promise<string[]> {
    const links = this.inNode((network) => network.links.list().map((link) => link.name));
    const endpoints = (await this.agent.listEndpoints()).map((each) => each.name);
    return [...links.filter((name) => name !== 'lo'), ...endpoints];
  }
}
