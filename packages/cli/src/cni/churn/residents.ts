/** Three containers that stay: a server, who may ask it, and who may not; and what they say. */
import type { EndpointView } from '@skep/agent';
import type { ChurnNode } from './churn-node.ts';
import type { Containers } from './containers.ts';
import { Asker, SteadyFlow } from './conversation.ts';
import type { Draw } from './draw.ts';
import { Judge } from './judge.ts';
import { PolicyChanges } from './policy-changes.ts';
import { SERVE, SLEEP } from './policies.ts';
import type { Container, ContainerdRuntime } from './runtimes.ts';

/** A connection that loses a packet waits longer; an agent that is away must not show in it. */
const SILENCE_MILLISECONDS_MAX = 5000 * Number(process.env.SKEP_TIME_SCALE ?? 1);
const PORT_OF_ECHO = 7000;

/** Who stays, what they ask, and the one connection that is open all the time. */
export class Residents {
  server!: EndpointView;
  judge!: Judge;
  policies!: PolicyChanges;
  private flow!: SteadyFlow;
  private askers: Asker[] = [];
  private readonly all: Container[] = [];

  constructor(
    private readonly runtime: ContainerdRuntime,
    private readonly wrong: string[],
  ) {}

  async moveIn(containers: Containers, node: ChurnNode, draw: Draw): Promise<void> {
    for (const role of ['server', 'client', 'stranger'] as const) {
      const command = role === 'server' ? SERVE : SLEEP;
      const { container, endpoint } = await containers.keep(role, this.runtime, role, command);
      this.all.push(container);
      if (role === 'server') this.server = endpoint;
    }
    const [, client, stranger] = this.all;
    const [asking, strange] = [client!, stranger!].map((each) => {
      return new Asker(this.runtime.converse(each, ['/bin/sh']));
    });
    this.askers = [asking!, strange!];
    this.judge = new Judge({ client: asking!, stranger: strange! }, this.wrong);
    this.policies = new PolicyChanges(node, this.judge, this.server, draw);
    const echo = ['/bin/busybox', 'nc', this.server.ipv4!, String(PORT_OF_ECHO)];
    this.flow = new SteadyFlow(this.runtime.converse(client!, echo));
    await this.policies.ask();
  }

  /** Their policies go with them. */
  async moveOut(containers: Containers): Promise<void> {
    const { flow, wrong } = this;
    const silence = Math.max(flow.longestMilliseconds, flow.silenceMilliseconds);
    if (flow.failure !== undefined) wrong.push(`the connection of the client: ${flow.failure}`);
    if (silence > SILENCE_MILLISECONDS_MAX) {
      wrong.push(`the connection of the client was silent for ${Math.round(silence)} ms`);
    }
    this.end();
    for (const container of this.all) await containers.remove(container);
    await this.policies.deleteAll();
  }

  end(): void {
    this.flow?.end();
    for (const asker of this.askers) asker.end();
  }

  facts(): Readonly<Record<string, unknown>> {
    const { judge, policies, flow } = this;
    return {
      ...{ allowed: judge.allowed, denied: judge.denied, policyChanges: policies.changes },
      exchanged: flow.exchanged,
      longestMilliseconds: Math.round(flow.longestMilliseconds),
    };
  }
}
