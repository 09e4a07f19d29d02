/**
 * For the crash test: every call of an agent that writes to the state, the tables or the network is
 * a step, and at one of them it dies: this call and all later ones fail, so that what the agent
 * does about the failure changes nothing, as if it had been killed. Or it really is.
 */
import { appendFileSync } from 'node:fs';
import { Addresses, Links, Neighbours, Routes, Settings, TrafficControl } from '@skep/netlink';
import { Attachments } from '../kernel/attachments.ts';
import { KernelDatapath } from '../kernel/kernel-datapath.ts';
import { PinnedTables } from '../kernel/pinned-tables.ts';
import { Memory } from '../state/memory.ts';
import { MasqueradeUpgrade } from '../upgrade/masquerade-upgrade.ts';
import { Upgrade } from '../upgrade/upgrade.ts';

/** What a dead agent's calls fail with. */
export class DeadError extends Error {
  override readonly name = 'DeadError';
}

const WRITES: readonly [owner: object, ...names: string[]][] = [
  [Memory.prototype, 'putEndpoints', 'forgetEndpoint', 'changeNode'],
  [KernelDatapath.prototype, 'update', 'delete', 'setPolicy', 'removeLayout'],
  [Attachments.prototype, 'attach', 'exchange', 'forget', 'detach'],
  [PinnedTables.prototype, 'make'],
  [Upgrade.prototype, 'keep', 'carry', 'commit', 'decide'],
  [MasqueradeUpgrade.prototype, 'keep', 'carry', 'commit', 'end'],
  [Links.prototype, 'createVeth', 'set', 'delete'],
  [Addresses.prototype, 'add'],
  [Routes.prototype, 'replace'],
  [Neighbours.prototype, 'replace'],
  [Settings.prototype, 'write'],
  [TrafficControl.prototype, 'addClsact', 'replaceFilter'],
];

/** Counts the steps of all agents of this process, from when it is made. */
export class Steps {
  private count = 0;
  private deadly = Number.POSITIVE_INFINITY;
  private log: string | undefined;
  private fatal = 0;

  constructor() {
    for (const [owner, ...names] of WRITES) {
      const methods = owner as Record<string, (...parameters: unknown[]) => unknown>;
      for (const name of names) {
        const method = methods[name];
        if (!method) throw new Error(`steps: ${owner.constructor.name} has no method ${name}`);
        const step = (): void => this.take(`${owner.constructor.name}.${name}`);
        methods[name] = function (this: unknown, ...parameters) {
          step();
          return method.apply(this, parameters);
        };
      }
    }
  }

  /** How many a task takes. */
  async countOf(task: () => Promise<unknown>): Promise<number> {
    const before = this.count;
    await task();
    return this.count - before;
  }

  /** Lets whoever does the task die at a step of it, 1 or more; later ones live. */
  async dieAt(step: number, task: () => Promise<unknown>): Promise<void> {
    const deadly = this.count + step;
    this.deadly = deadly;
    try {
      await task();
    } catch (error) {
      if (!(error instanceof DeadError)) throw error;
    } finally {
      this.deadly = Number.POSITIVE_INFINITY;
    }
    if (this.count < deadly) throw new Error(`die at step ${step}: the task has no such step`);
  }

  /** Writes the name of each step to a file, before it; the process is killed at the fatal one. */
  followTo(log: string, fatal: number): void {
    this.log = log;
    this.fatal = fatal;
  }

  private take(name: string): void {
    this.count++;
    if (this.log) appendFileSync(this.log, `${name}\n`);
    if (this.count === this.fatal) process.kill(process.pid, 'SIGKILL');
    if (this.count >= this.deadly) throw new DeadError(`step ${this.count}`);
  }
}
