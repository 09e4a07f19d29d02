/**
 * Containers that come and go while policies change, and the agent and its plugin are killed. What
 * may pass passes all the time, what may not never does, and nothing is left in the end.
 */
import { join } from 'node:path';
import { Containerd } from '../testing/containerd.ts';
import { Podman } from '../testing/podman.ts';
import { ChurnNode } from './churn-node.ts';
import { Containers } from './containers.ts';
import { Draw } from './draw.ts';
import { HardTimes } from './hard-times.ts';
import { type Inventory, takeInventory } from './inventory.ts';
import { PluginKiller } from './killer.ts';
import { settle } from './settle.ts';
import { SLEEP, STAYING } from './policies.ts';
import { Residents } from './residents.ts';
import { CONTAINERD_NETWORK, ContainerdRuntime, PodmanRuntime, type Runtime } from './runtimes.ts';

/** How much of it. */
export interface ChurnOptions {
  readonly seed: number;
  readonly containers: number;
  readonly atOnce: number;
  /** Share of the containers that are podman's, 0 to 1. */
  readonly podmanShare: number;
}

/** What it has come to. */
export interface ChurnReport {
  readonly facts: Readonly<Record<string, unknown>>;
  /** What must not have happened. */
  readonly wrong: readonly string[];
  readonly before: Inventory;
  readonly after: Inventory;
}

/** The last containers have one agent, so that what it loses shows. */
const PEACEFUL_SHARE = 0.2;

/** One churn, from a node of its own to its end. */
export async function runChurn(options: ChurnOptions): Promise<ChurnReport> {
  const churn = new Churn(options);
  try {
    await churn.setUp();
    return await churn.run();
  } catch (cause) {
    throw new Error([String(cause), ...churn.wrong].join('\n'), { cause });
  } finally {
    await churn.tearDown();
  }
}

class Churn {
  /** What must not have happened, one sentence each. */
  readonly wrong: string[] = [];
  private readonly draw: Draw;
  private readonly node = new ChurnNode();
  private readonly containerd: Containerd;
  private readonly podman: Podman | undefined;
  private readonly runtimes: readonly Runtime[];
  private readonly killer: PluginKiller;
  private readonly containers: Containers;
  private readonly residents: Residents;
  private before!: Inventory;
  private next = 0;
  private workers: readonly Promise<void>[] = [];

  constructor(private readonly options: ChurnOptions) {
    this.draw = new Draw(options.seed);
    const { node, wrong } = this;
    const plugin = join(node.folders.binDir, 'skep-cni');
    this.killer = new PluginKiller(plugin, `${node.name}-`, this.draw.fork());
    this.containerd = new Containerd(node, node.containerdFolder);
    const containerd = new ContainerdRuntime(this.containerd);
    this.residents = new Residents(containerd, wrong);
    const { killer, residents } = this;
    this.containers = new Containers({ node, plugin, killer, residents, wrong });
    node.makeNode();
    this.podman = options.podmanShare > 0 ? new Podman(node) : undefined;
    this.runtimes = [containerd, ...(this.podman ? [new PodmanRuntime(this.podman)] : [])];
  }

  /** Runtimes, an agent, and those who stay all the time. */
  async setUp(): Promise<void> {
    const { node, podman, containerd } = this;
    node.addNetwork(CONTAINERD_NETWORK, {}, { confDir: node.containerdFolder });
    for (const role of ['web', 'client', 'stranger']) node.addNetwork(role, { app: role });
    await Promise.all([containerd.setUp(), podman?.makeImage()]);
    await node.startAgent(containerd.socket);
    this.before = await takeInventory(node);
    await node.agent.applyPolicies(STAYING, 'staying.yaml');
    await this.residents.moveIn(this.containers, node, this.draw.fork());
  }

  async run(): Promise<ChurnReport> {
    const { options, node, killer, containers, residents, wrong } = this;
    const started = performance.now();
    const hardTimes = new HardTimes({ node, killer, containers, residents }, this.draw.fork());
    const peace = Math.floor(options.containers * (1 - PEACEFUL_SHARE));
    try {
      await Promise.race([this.goThrough(peace), hardTimes.broken]);
      await hardTimes.sparesAgent();
      await Promise.race([this.goThrough(options.containers), hardTimes.broken]);
      await hardTimes.end();
    } finally {
      hardTimes.stop();
      this.next = options.containers;
      await Promise.allSettled(this.workers);
    }
    const seconds = Math.round((performance.now() - started) / 1000);
    await residents.moveOut(containers);
    await containers.collectGarbage();
    const settled = await settle({
      ...{ node, before: this.before, containers },
      tryOne: async () => {
        const last = await containers.keep('last', this.runtimes[0]!, 'client', SLEEP);
        await containers.remove(last.container);
      },
    });
    wrong.push(...settled.wrong);
    const facts = {
      ...{ seconds, started: containers.started },
      ...{ failedStarts: containers.failedStarts, collections: containers.collections },
      ...hardTimes.facts(),
      ...residents.facts(),
      ...settled.facts,
    };
    return { facts, wrong, before: this.before, after: settled.after };
  }

  async tearDown(): Promise<void> {
    this.residents.end();
    await this.podman?.end();
    await this.containerd.end();
    await this.node.tearDown();
  }

  /** So many at once, until so many have been begun. */
  private async goThrough(count: number): Promise<void> {
    this.workers = Array.from({ length: this.options.atOnce }, async () => {
      while (this.next < count) {
        const number = ++this.next;
        const draw = new Draw(this.options.seed * 1000 + number);
        const isPodman = draw.happens(this.options.podmanShare);
        const runtime = this.runtimes[isPodman ? 1 : 0]!;
        await this.containers.live(`box${number}`, runtime, draw);
      }
    });
    await Promise.all(this.workers);
  }
}
