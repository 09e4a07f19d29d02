/** What TCP gets on several ways, which take turns: throughput, round trips, connections. */
import type { Effort } from './case.ts';
import { clangVersion } from './clang.ts';
import { interleave } from './rounds.ts';
import { pairedRow, type Row } from './row.ts';
import { hasIperf, Throughput } from './throughput.ts';
import { type Timing, Traffic } from './traffic.ts';

/** From a client to a server. */
export interface Way {
  readonly name: string;
  /** Paths of network namespaces. */
  readonly client: string;
  readonly server: string;
  /** Of the server, for the client. */
  readonly address: string;
}

/** What was measured of each way, by its name. */
export interface Measured {
  readonly name: string;
  readonly unit: string;
  readonly samples: ReadonlyMap<string, number[]>;
}

/** A second or so, of the runs of a thorough sample. */
const bytesPerRun = 20_000;
const nanosecondsPerSecond = 1e9;

/** From the client to the server, or the other way around. */
export type ThroughputDirection = 'forth' | 'back';

/** What of the tools that make traffic is not installed; `undefined` for nothing. */
export function missingTrafficTool(): string | undefined {
  if (!hasIperf()) return 'iperf3 is not installed';
  return clangVersion() ? undefined : 'clang is not installed';
}

/** Throughput in the directions, then round trips, then connections. */
export async function measureWays(
  ways: readonly Way[],
  effort: Effort,
  directions: readonly ThroughputDirection[] = ['forth'],
): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const direction of directions) {
    measured.push(await measureThroughput(ways, effort, direction));
  }
  for (const kind of ['request', 'connection'] as const) {
    measured.push(...(await measureTimings(ways, kind, effort)));
  }
  return measured;
}

/** A row of each measure, of one way against another; both by name. */
export function pairedRows(measured: readonly Measured[], ours: string, reference: string): Row[] {
  return measured.map(({ name, unit, samples }) => {
    const about = { name, unit, referenceName: reference };
    return pairedRow(about, samples.get(ours)!, samples.get(reference)!);
  });
}

/** By iperf3. */
async function measureThroughput(
  ways: readonly Way[],
  { rounds, runs }: Effort,
  direction: ThroughputDirection,
): Promise<Measured> {
  const pairs: Throughput[] = [];
  try {
    for (const { server, client } of ways) pairs.push(await Throughput.start(server, client));
    const variants = ways.map(({ name, address }, index) => ({
      name,
      measure: () => pairs[index]!.measure(address, runs * bytesPerRun, direction),
    }));
    const samples = await interleave(variants, rounds);
    return {
      name: direction === 'forth' ? 'throughput' : 'throughput back',
      unit: 'Gbit/s',
      samples,
    };
  } finally {
    for (const pair of pairs) pair.close();
  }
}

/** How many there are in a second, and how long one takes. */
async function measureTimings(
  ways: readonly Way[],
  kind: 'request' | 'connection',
  { rounds, runs }: Effort,
): Promise<Measured[]> {
  const milliseconds = Math.max(runs / 200, 20);
  const pairs: Traffic[] = [];
  const timings = new Map<string, Timing[]>(ways.map(({ name }) => [name, []]));
  try {
    for (const { server, client } of ways) pairs.push(await Traffic.start(server, client));
    const variants = ways.map(({ name, address }, index) => ({
      name,
      measure: () => {
        const timing = pairs[index]!.measure({ kind, address, milliseconds });
        timings.get(name)!.push(timing);
        return timing.mean;
      },
    }));
    await interleave(variants, rounds);
  } finally {
    for (const pair of pairs) pair.close();
  }
  // The first of each is the round that does not count.
  const take = (of: (timing: Timing) => number): Map<string, number[]> =>
    new Map([...timings].map(([name, each]) => [name, each.slice(1).map(of)]));
  const perSecond = take(({ mean }) => nanosecondsPerSecond / (mean * 1000));
  return [
    { name: `${kind}s`, unit: 'per second', samples: perSecond },
    { name: `${kind}, p50`, unit: 'us', samples: take(({ median }) => median) },
    { name: `${kind}, p99`, unit: 'us', samples: take(({ p99 }) => p99) },
  ];
}
