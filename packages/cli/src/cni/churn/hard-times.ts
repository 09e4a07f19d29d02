/** What goes on beside the containers: kills of the agent and of plugins, policies, collections. */
import { setTimeout as pause } from 'node:timers/promises';
import type { ChurnNode } from './churn-node.ts';
import type { Containers } from './containers.ts';
import type { Draw } from './draw.ts';
import type { PluginKiller } from './killer.ts';
import type { Residents } from './residents.ts';

const AGENT_LIFE_MILLISECONDS = [500, 6000] as const;
const AGENT_AWAY_MILLISECONDS_MAX = 800;
const PLUGIN_PAUSE_MILLISECONDS_MAX = 1500;
const POLICY_PAUSE_MILLISECONDS_MAX = 500;
const COLLECTION_PAUSE_MILLISECONDS = 8000;

interface Parts {
  readonly node: ChurnNode;
  readonly killer: PluginKiller;
  readonly containers: Containers;
  readonly residents: Residents;
}

/** They begin when it is made. */
export class HardTimes {
  /** Rejects when they cannot go on, such as when an agent does not start any more. */
  readonly broken: Promise<never>;
  private agentKills = 0;
  private isAgentSpared = false;
  private isOver = false;
  private readonly killing: Promise<void>;
  private readonly others: Promise<unknown>;

  constructor(
    private readonly parts: Parts,
    draw: Draw,
  ) {
    this.killing = this.killAgents(draw.fork());
    this.others = Promise.all([
      this.killPlugins(draw.fork()),
      this.changePolicies(draw.fork()),
      this.collectGarbage(),
    ]);
    this.broken = new Promise((_resolve, reject) => {
      for (const each of [this.killing, this.others]) each.catch(reject);
    });
    this.broken.catch(() => {});
  }

  /** From here on the agent that runs stays. */
  async sparesAgent(): Promise<void> {
    this.isAgentSpared = true;
    await this.killing;
  }

  /** @throws what has gone wrong in any of it */
  async end(): Promise<void> {
    this.isOver = true;
    await this.sparesAgent();
    await this.others;
  }

  /** Nothing more is begun, also where something has gone wrong. */
  stop(): void {
    this.isOver = true;
    this.isAgentSpared = true;
  }

  facts(): Readonly<Record<string, unknown>> {
    return { agentKills: this.agentKills, pluginKills: this.parts.killer.kills };
  }

  private async killAgents(draw: Draw): Promise<void> {
    const { node } = this.parts;
    for (;;) {
      const end = performance.now() + draw.between(...AGENT_LIFE_MILLISECONDS);
      while (performance.now() < end && !this.isAgentSpared) await pause(20);
      if (this.isAgentSpared) return;
      await node.endAgent('SIGKILL');
      this.agentKills++;
      await pause(draw.between(0, AGENT_AWAY_MILLISECONDS_MAX));
      await node.startAgent();
    }
  }

  private async killPlugins(draw: Draw): Promise<void> {
    while (!this.isOver) {
      await this.parts.killer.killOne();
      await pause(draw.between(0, PLUGIN_PAUSE_MILLISECONDS_MAX));
    }
  }

  private async changePolicies(draw: Draw): Promise<void> {
    while (!this.isOver) {
      await this.parts.residents.policies.turn();
      await pause(draw.between(0, POLICY_PAUSE_MILLISECONDS_MAX));
    }
  }

  private async collectGarbage(): Promise<void> {
    let last = performance.now();
    while (!this.isOver) {
      await pause(100);
      if (performance.now() - last < COLLECTION_PAUSE_MILLISECONDS) continue;
      await this.parts.containers.collectGarbage();
      last = performance.now();
    }
  }
}
