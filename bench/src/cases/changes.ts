/** Changes: how long until a new rule decides, and what it takes to bring an endpoint in. */
import { performance } from 'node:perf_hooks';
import { canUseBpf } from '@skep/bpf';
import { TcAction } from '@skep/ebpf';
import { TcpFlag } from '@skep/wire';
import type { Case, Effort } from '../harness/case.ts';
import { DatapathWorld, receiver, segment, sender } from '../harness/datapath-world.ts';
import { Bench, verdictOf } from '../harness/kernel.ts';
import { openPort, openPort443, otherRules } from '../harness/policies.ts';
import { plainRow, type Row } from '../harness/row.ts';
import { percentile } from '../harness/statistics.ts';

/** Not measured: a process that has just started is still being compiled. */
const warmUps = 20;

/** One rule more, one subject's policy, one endpoint more. */
export const changesCase: Case = {
  name: 'changes',
  about: 'from the text of a policy to the first packet that it decides; one more endpoint',
  run: async (effort) => {
    const reason = canUseBpf();
    if (reason !== undefined) return { skipped: reason };
    const bench = new Bench();
    const world = new DatapathWorld(bench);
    try {
      world.apply(openPort443);
      return [
        ...rows('swap the policy of one subject', portsOpened(world, effort, 1_000)),
        ...rows('one more endpoint', endpointsLoaded(world, effort)),
        ...withManyRules(world, effort),
      ];
    } finally {
      world.close();
      bench.close();
    }
  },
};

function withManyRules(world: DatapathWorld, effort: Effort): Row[] {
  world.apply(otherRules(effort.rules));
  const name = `apply one rule more to ${effort.rules}`;
  return rows(name, portsOpened(world, effort, 2_000));
}

/** Milliseconds from a policy's text to the first packet that passes by it, one port at a time. */
function portsOpened(world: DatapathWorld, { rounds }: Effort, firstPort: number): number[] {
  const program = world.fromEndpoint(sender);
  world.model.deleteDocuments(['NetworkPolicy/bench/sender']);
  return repeat(rounds, (index) => {
    const port = firstPort + index;
    const syn = { sourcePort: 40_000 + index, destinationPort: port, flags: TcpFlag.SYN };
    const packet = segment(sender, receiver.ipv4, syn);
    expectAction(verdictOf(program, packet), TcAction.Drop, `port ${port} before its rule`);
    return timed(() => {
      world.apply(openPort(port));
      expectAction(verdictOf(program, packet), TcAction.Redirect, `port ${port} by its rule`);
    });
  });
}

/** Milliseconds to bring an endpoint in: labels, identity, policy, tables. */
function endpointsLoaded(world: DatapathWorld, { rounds }: Effort): number[] {
  return repeat(rounds, (index) => {
    const id = 10 + index;
    const address = { mac: `02:00:00:00:01:${hexadecimal(index)}`, ipv4: `10.0.1.${index + 1}` };
    return timed(() => {
      world.know({ id, app: 'more', ...address });
    });
  });
}

function repeat(rounds: number, measure: (index: number) => number): number[] {
  const count = Math.min(rounds * 4, 200);
  const samples = Array.from({ length: warmUps + count }, (_, index) => measure(index));
  return samples.slice(warmUps);
}

function timed(work: () => void): number {
  const started = performance.now();
  work();
  return performance.now() - started;
}

function expectAction(found: number, expected: TcAction, what: string): void {
  if ((found | 0) !== expected)
    throw new Error(`${what}: action ${found | 0}, expected ${expected}`);
}

function rows(name: string, samples: readonly number[]): Row[] {
  return [0.5, 0.99].map((share) =>
    plainRow(
      { name: `${name}, p${share * 100}`, unit: 'ms', samples: samples.length },
      percentile(samples, share),
    ),
  );
}

function hexadecimal(value: number): string {
  return value.toString(16).padStart(2, '0');
}
