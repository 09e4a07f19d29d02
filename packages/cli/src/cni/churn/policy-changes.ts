/** Policies that change all through the churn, with questions whose answers change with them. */
import type { EndpointView } from '@skep/agent';
import type { ChurnNode } from './churn-node.ts';
import type { Draw } from './draw.ts';
import type { Judge } from './judge.ts';
import {
  BYSTANDERS,
  bystander,
  COMING_AND_GOING,
  COMING_AND_GOING_KEY,
  STAYING_KEYS,
} from './policies.ts';

/** One change after the other, each in force before anybody asks. */
export class PolicyChanges {
  changes = 0;
  private isOpen = false;
  private readonly applied = new Set<string>();

  constructor(
    private readonly node: ChurnNode,
    private readonly judge: Judge,
    private readonly server: EndpointView,
    private readonly draw: Draw,
  ) {}

  /** Something that only makes work, then a door that is opened or closed, and who goes through. */
  async turn(): Promise<void> {
    await this.changeBystander();
    await this.changeDoor(!this.isOpen);
    await this.ask();
  }

  /** Who stays reaches whom policy says, by every family of addresses. */
  async ask(): Promise<void> {
    const { ipv4, ipv6 } = this.server;
    const questions = [ipv4!, ipv6!].flatMap((address) => [
      { from: 'client', address, port: 8080, isAllowed: true } as const,
      { from: 'client', address, port: 9090, isAllowed: false } as const,
      { from: 'stranger', address, port: 8080, isAllowed: false } as const,
      { from: 'stranger', address, port: 9090, isAllowed: this.isOpen } as const,
    ]);
    await Promise.all(questions.map((each) => this.judge.ask({ ...each, to: 'server' })));
  }

  /** Nothing is enforced any more. */
  async deleteAll(): Promise<void> {
    await this.delete([...STAYING_KEYS, COMING_AND_GOING_KEY, ...this.applied]);
  }

  private async changeDoor(isOpen: boolean): Promise<void> {
    if (isOpen) await this.apply(COMING_AND_GOING, 'coming-and-going.yaml');
    else await this.delete([COMING_AND_GOING_KEY]);
    this.isOpen = isOpen;
  }

  private async changeBystander(): Promise<void> {
    const number = this.draw.below(BYSTANDERS);
    const { yaml, key } = bystander(number, this.changes);
    if (this.applied.has(key) && this.draw.happens(0.5)) {
      await this.delete([key]);
      this.applied.delete(key);
    } else {
      await this.apply(yaml, 'bystander.yaml');
      this.applied.add(key);
    }
  }

  /** Again where the agent was killed meanwhile: it may have been done, or not. */
  private async apply(yaml: string, file: string): Promise<void> {
    const { node } = this;
    await node.patiently(() => node.agent.applyPolicies(yaml, file));
    this.changes++;
  }

  private async delete(keys: readonly string[]): Promise<void> {
    const { node } = this;
    await node.patiently(() => node.agent.deletePolicies(keys));
    this.changes++;
  }
}
