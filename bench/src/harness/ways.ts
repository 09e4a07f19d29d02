/** What TCP gets on several ways, which take turns: throughput, round trips, connections. */
import type { Effort } from './case.ts';
import { interleave } from './rounds.ts';
import { Throughput } from './throughput.ts';
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

/** By iperf3, from the client to the server or the other way around. */
export async function measureThroughput(
  ways: readonly Way[],
  { rounds, runs }: Effort,
  direction: 'forth' | 'back' = 'forth',
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
export async function measureTimings(
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
