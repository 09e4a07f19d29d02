/**
 * For the crash test: an agent that makes or removes an endpoint and kills itself at one step of
 * it. A step is a call that writes: to the state, the tables, or the network.
 */
import { Addresses, Links, Neighbours, Routes, Settings, TrafficControl } from '@skep/netlink';
import { Agent, type AgentOptions } from '../agent.ts';
import { KernelDatapath } from '../kernel/kernel-datapath.ts';
import { Memory } from '../state/memory.ts';
import type { EndpointRequest } from '../views.ts';

/** What the process is told, as JSON. */
export interface DeathWish {
  readonly options: AgentOptions;
  readonly add?: EndpointRequest;
  readonly remove?: string;
  /** The step before which it dies. Default: none; how many there are is printed. */
  readonly step?: number;
}

const WRITES: readonly [owner: object, ...names: string[]][] = [
  [Memory.prototype, 'putEndpoints', 'forgetEndpoint', 'changeNode'],
  [KernelDatapath.prototype, 'update', 'delete', 'setPolicy', 'attach', 'attachOne', 'detach'],
  [Links.prototype, 'createVeth', 'set', 'delete'],
  [Addresses.prototype, 'add'],
  [Routes.prototype, 'replace'],
  [Neighbours.prototype, 'replace'],
  [Settings.prototype, 'write'],
  [TrafficControl.prototype, 'addClsact', 'replaceFilter'],
];

let steps = 0;

function countSteps(deadly: number | undefined): void {
  for (const [owner, ...names] of WRITES) {
    const methods = owner as Record<string, (...parameters: unknown[]) => unknown>;
    for (const name of names) {
      const method = methods[name]!;
      methods[name] = function (this: unknown, ...parameters) {
        if (++steps === deadly) process.kill(process.pid, 'SIGKILL');
        return method.apply(this, parameters);
      };
    }
  }
}

const wish = JSON.parse(process.argv[2]!) as DeathWish;
const agent = Agent.start(wish.options);
countSteps(wish.step);
if (wish.add) await agent.addEndpoint(wish.add);
if (wish.remove) await agent.removeEndpoint(wish.remove);
process.stdout.write(`${steps}\n`);
process.exit(0);
