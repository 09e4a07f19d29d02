/** The containers that come and go: each is started, tried, and ended, in hard times. */
import { setTimeout as pause } from 'node:timers/promises';
import type { EndpointView } from '@skep/agent';
import { callPlugin } from '@skep/cni/testing';
import { ANSWERS, askCommand } from '../testing/policies.ts';
import type { ChurnNode } from './churn-node.ts';
import type { Draw } from './draw.ts';
import { Gate } from './gate.ts';
import type { Judge } from './judge.ts';
import type { PluginKiller } from './killer.ts';
import { SERVE_WEB, SLEEP } from './policies.ts';
import type { Container, Role, Runtime } from './runtimes.ts';

/** What they need of the churn. */
export interface ContainersParts {
  readonly node: ChurnNode;
  readonly plugin: string;
  readonly killer: PluginKiller;
  /** Who serves all the time, and who judges. */
  readonly residents: { readonly server: EndpointView; readonly judge: Judge };
  /** What must not have happened, one sentence each. */
  readonly wrong: string[];
}

const ROLES: readonly Role[] = ['web', 'client', 'web', 'stranger'];
const STARTS_MAX = 20;
const REMOVALS_MAX = 20;
const LINGER_MILLISECONDS_MAX = 1500;
/** Of containers whose device goes before they do, and of those that are removed once more. */
const LOSE_DEVICE = 0.15;
const REMOVE_AGAIN = 0.3;
/**
 * What a start says that fails because its plugin was killed: before its answer, or after. Of the
 * latter runtimes know a failure without a message; a plugin that fails by itself has one.
 */
const KILLED = /signal: killed|cni plugin skep-cni failed$|failed \(add\):$/;

/** Starts and ends containers, and remembers which there are. */
export class Containers {
  /** Namespaces that endpoints were in. */
  readonly namespaces = new Set<string>();
  started = 0;
  failedStarts = 0;
  collections = 0;
  private readonly gate = new Gate();
  private readonly running = new Map<string, Container>();
  private readonly networks = new Set<string>();

  constructor(private readonly parts: ContainersParts) {}

  /** One that stays until {@link remove}. */
  async keep(
    name: string,
    runtime: Runtime,
    role: Role,
    command: readonly string[],
  ): Promise<{ container: Container; endpoint: EndpointView }> {
    const container = await this.start(name, runtime, role, command);
    const endpoint = await this.endpointOf(container);
    if (!endpoint) throw new Error(`container ${name} runs, and has no endpoint`);
    return { container, endpoint };
  }

  /** One from its start to its end. */
  async live(name: string, runtime: Runtime, draw: Draw): Promise<void> {
    const { node, wrong } = this.parts;
    const role = ROLES[draw.below(ROLES.length)]!;
    const command = role === 'web' ? SERVE_WEB : SLEEP;
    const container = await this.start(name, runtime, role, command);
    const endpoint = await this.endpointOf(container);
    if (endpoint?.labels?.app !== role) {
      wrong.push(`${name} runs as ${role}, and its endpoint is ${JSON.stringify(endpoint)}`);
    }
    if (endpoint) await this.ask(container, endpoint);
    await pause(draw.between(0, LINGER_MILLISECONDS_MAX));
    if (endpoint && draw.happens(LOSE_DEVICE)) {
      node.inNode(({ links }) => {
        const link = links.find(endpoint.hostInterface);
        if (link) links.delete(link.index);
      });
    }
    await this.remove(container, draw.happens(REMOVE_AGAIN));
  }

  /** Ends one; where its removal was killed, it is removed again, as runtimes have to. */
  async remove(container: Container, isRemovedAgain = false): Promise<void> {
    const { killer, wrong } = this.parts;
    const { name, id, runtime } = container;
    this.running.delete(id);
    await runtime.stop(container);
    const wasKilled = killer.hasKilledRemoval(id);
    if (!wasKilled && (await this.endpointOf(container))) {
      wrong.push(`${name} has ended, and its endpoint has not`);
    }
    if (wasKilled || isRemovedAgain) await this.removeByPlugin(container);
    if (await this.endpointOf(container)) wrong.push(`${name} was removed, its endpoint was not`);
  }

  /** As runtimes do now and then: what is not among those that run goes. */
  collectGarbage(): Promise<void> {
    return this.gate.byItself(async () => {
      this.collections++;
      for (const network of this.networks) {
        const own = [...this.running.values()].filter((each) => each.network === network);
        const valid = own.map(({ id }) => ({ containerID: id, ifname: 'eth0' }));
        const config = { ...this.config(network), 'cni.dev/valid-attachments': valid };
        const { status, json } = await callPlugin(this.parts.plugin, 'GC', {}, config);
        // No status: it was killed.
        if (status) this.parts.wrong.push(`GC of ${network}: ${JSON.stringify(json)}`);
      }
    });
  }

  private async start(
    name: string,
    runtime: Runtime,
    role: Role,
    command: readonly string[],
  ): Promise<Container> {
    let said = '';
    for (let attempt = 0; attempt < STARTS_MAX; attempt++) {
      try {
        return await this.gate.among(async () => {
          const container = await runtime.start(`${name}-${attempt}`, role, command);
          this.running.set(container.id, container);
          this.networks.add(container.network);
          this.started++;
          return container;
        });
      } catch (error) {
        this.failedStarts++;
        said = String(error).trimEnd();
        if (!KILLED.test(said)) this.parts.wrong.push(`${name} does not start: ${said}`);
      }
    }
    throw new Error(`container ${name} does not start in ${STARTS_MAX} attempts: ${said}`);
  }

  /** Webs are asked; the others ask the server. */
  private async ask(container: Container, { ipv4 }: EndpointView): Promise<void> {
    const { judge, server } = this.parts.residents;
    const { name, role, runtime } = container;
    if (role === 'web') {
      const web = { to: name, address: ipv4!, port: 8080 };
      await Promise.all([
        judge.ask({ ...web, from: 'client', isAllowed: true }),
        judge.ask({ ...web, from: 'stranger', isAllowed: false }),
      ]);
      return;
    }
    const said = await runtime.exec(container, askCommand(server.ipv4!, 8080));
    judge.judge(role === 'client', ANSWERS[8080]!.test(said), `${name} to server port 8080`);
  }

  private async endpointOf({ id }: Container): Promise<EndpointView | undefined> {
    const { node } = this.parts;
    const all = await node.patiently(() => node.agent.listEndpoints());
    const found = all.find(({ attachment }) => attachment?.containerId === id);
    if (found) this.namespaces.add(found.networkNamespace);
    return found;
  }

  /** Until nobody has killed it: the last one has to succeed. */
  private async removeByPlugin({ name, id, network }: Container): Promise<void> {
    const attached = { containerId: id, networkNamespace: '' };
    for (let attempt = 0; attempt < REMOVALS_MAX; attempt++) {
      const call = callPlugin(this.parts.plugin, 'DEL', attached, this.config(network));
      const { status, json } = await call;
      if (status === 0) return;
      if (status !== null) this.parts.wrong.push(`DEL of ${name}: ${JSON.stringify(json)}`);
    }
  }

  private config(name: string): object {
    const { socket } = this.parts.node;
    return { cniVersion: '1.1.0', name, type: 'skep-cni', socket };
  }
}
