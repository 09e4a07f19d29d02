/** What a probe asks, over each family of addresses that it can be asked over. */
import type { Exchange, ExchangeKind } from '@skep/lab';
import { formatFound, ICMP_TYPES, ICMPV6_TYPES, type PathStep } from '@skep/policy';
import type { TestProbe } from './policy-test.ts';
import type { WrittenProbe } from './test-file.ts';

/** One end of a probe. */
export interface Place {
  readonly isEndpoint: boolean;
  /** The node itself: policies may be about it, too. */
  readonly isNode?: boolean;
  ipv4?: string;
  ipv6?: string;
  readonly namedPorts: readonly PlacePort[];
}

interface PlacePort {
  readonly name: string;
  readonly protocol: string;
  readonly port: number;
}

/** What is wrong with a probe, at a path below it. */
export class ProbeProblem extends Error {
  readonly code = 'ERR_POLICY_TEST_PROBE';
  constructor(
    readonly path: readonly PathStep[],
    message: string,
  ) {
    super(message);
  }
}

const KINDS = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' } as const;

/** @throws ProbeProblem */
export function resolveProbe(
  probe: WrittenProbe,
  from: Place,
  to: Place,
): Omit<TestProbe, 'path' | 'position'> {
  if (![from, to].some(({ isEndpoint, isNode }) => isEndpoint || isNode)) {
    const detail = `found '${probe.to}', expected an endpoint: no policy is between two outside`;
    throw new ProbeProblem(['to'], detail);
  }
  if (from === to) throw new ProbeProblem(['to'], 'found its own name, expected another end');
  const families = familiesOf(probe, from, to);
  const ask = probe.icmp === undefined ? askPort(probe, to) : askIcmp(probe, families);
  const exchanges = families.map((family): Exchange => {
    const ends = { source: from[`ipv${family}`]!, destination: to[`ipv${family}`]! };
    return { from: probe.from, to: probe.to, family, ...ends, ...ask.over(family) };
  });
  const { from: source, to: destination, expect } = probe;
  return { from: source, to: destination, expect, question: ask.question, exchanges };
}

function familiesOf(probe: WrittenProbe, from: Place, to: Place): (4 | 6)[] {
  const has = (place: Place, family: 4 | 6): boolean => place[`ipv${family}`] !== undefined;
  const shared = ([4, 6] as const).filter((family) => has(from, family) && has(to, family));
  const namesOf = (place: Place): string =>
    ([4, 6] as const).flatMap((family) => (has(place, family) ? [`IPv${family}`] : [])).join(', ');
  const found = `${probe.from} has ${namesOf(from)}, ${probe.to} has ${namesOf(to)}`;
  if (shared.length === 0) {
    throw new ProbeProblem([], `found no family that both have (${found}), expected one`);
  }
  if (probe.family === undefined) return shared;
  const wanted = probe.family === 'IPv4' ? 4 : 6;
  if (shared.includes(wanted)) return [wanted];
  const detail = `found '${probe.family}', expected a family of both: ${found}`;
  throw new ProbeProblem(['family'], detail);
}

/** The question in words, and what it is over a family. */
interface Ask {
  readonly question: string;
  readonly over: (family: 4 | 6) => { readonly kind: ExchangeKind; readonly port: number };
}

function askPort(probe: WrittenProbe, to: Place): Ask {
  const { protocol = 'TCP', port } = probe;
  if (port === undefined) throw new ProbeProblem([], 'found no port, expected port or icmp');
  const question = `${protocol} ${port}`;
  const kind = KINDS[protocol];
  if (typeof port === 'number') return { question, over: () => ({ kind, port }) };
  const named = to.namedPorts.filter((each) => each.protocol === protocol);
  const own = named.find((each) => each.name === port);
  if (own) return { question: `${question} (${own.port})`, over: () => ({ kind, port: own.port }) };
  const names = named.map(({ name }) => name).join(', ');
  const expected = names === '' ? `a number: ${probe.to} names no ${protocol} port` : names;
  throw new ProbeProblem(['port'], `found '${port}', expected ${expected}`);
}

function askIcmp(probe: WrittenProbe, families: readonly (4 | 6)[]): Ask {
  const { icmp = 'EchoRequest', port, protocol } = probe;
  for (const [key, value] of Object.entries({ port, protocol })) {
    if (value === undefined) continue;
    throw new ProbeProblem([key], `found ${formatFound(value)}, expected nothing beside icmp`);
  }
  const kind = 'icmp';
  const question = `ICMP ${icmp}`;
  if (typeof icmp === 'number') {
    if (families.length === 1) return { question, over: () => ({ kind, port: icmp }) };
    const expected = `a name, or family: ${icmp} means another thing over IPv6 than over IPv4`;
    throw new ProbeProblem(['icmp'], `found ${icmp}, expected ${expected}`);
  }
  const typesOf = (family: 4 | 6) => (family === 4 ? ICMP_TYPES : ICMPV6_TYPES);
  const unnamed = families.find((family) => !Object.hasOwn(typesOf(family), icmp));
  if (unnamed === undefined) {
    return { question, over: (family) => ({ kind, port: typesOf(family)[icmp]! }) };
  }
  const names = Object.keys(typesOf(unnamed)).join(', ');
  throw new ProbeProblem(['icmp'], `found '${icmp}', expected a type of IPv${unnamed}: ${names}`);
}
