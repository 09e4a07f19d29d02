/**
 * Programs that exist twice, in TypeScript and in bench/c: those of the examples, one of each kind,
 * and three that are only measured.
 */
import { join } from 'node:path';
import { compileFilter, matchingProgram } from '@skep/capture-filter';
import type { IrProgram } from '@skep/compiler';
import { compileModule, formatDiagnostics } from '@skep/compiler/front-end';
import { XdpAction } from '@skep/ebpf';
import { makeFrame, TcpFlag } from '@skep/wire';
import type { Bench } from '../harness/kernel.ts';
import { fillReference, knownClient, referenceSegment } from '../harness/reference-flow.ts';

/** A packet that both sides are run on. */
export interface PairInput {
  readonly name: string;
  readonly packet: Uint8Array;
}

/** Programs of one module, and of one C file. */
export interface ProgramPair {
  /** bench/c/NAME.c */
  readonly c: string;
  readonly programs: () => Promise<readonly IrProgram[]>;
  /** Writes what both sides find in their maps. */
  readonly fill?: (bench: Bench) => void;
  /** Where the kernel can run the kind by itself: by the program's name. */
  readonly inputs?: Readonly<Record<string, readonly PairInput[]>>;
  /** Maps whose entries hold times or random choices: they are not compared. */
  readonly unlike?: readonly string[];
}

const root = join(import.meta.dirname, '../../..');

function moduleAt(path: string): () => Promise<readonly IrProgram[]> {
  return async () => {
    const { programs, diagnostics } = await compileModule(join(root, path));
    if (diagnostics.length > 0) throw new Error(formatDiagnostics(diagnostics));
    return programs;
  };
}

const example = (name: string): Pick<ProgramPair, 'c' | 'programs'> => {
  return { c: name, programs: moduleAt(`examples/src/${name}.ts`) };
};

const addresses = {
  ...{ sourceMac: '02:00:00:00:00:01', destinationMac: '02:00:00:00:00:02' },
  ...{ source: '10.0.0.1', destination: '10.0.0.2' },
};
const udp = (destinationPort: number): Uint8Array => {
  return makeFrame({ ...addresses, udp: { sourcePort: 4000, destinationPort } });
};
const ping = makeFrame({ ...addresses, icmp: { type: 8 } });
const tcp = (flags: number): Uint8Array => {
  return makeFrame({ ...addresses, tcp: { sourcePort: 4000, destinationPort: 80, flags } });
};
const datagrams: readonly PairInput[] = [
  { name: 'udp to 53', packet: udp(53) },
  { name: 'udp to 80', packet: udp(80) },
  { name: 'a ping', packet: ping },
];
const any: readonly PairInput[] = [{ name: 'any', packet: udp(80) }];

async function matching(): Promise<IrProgram[]> {
  const filter = compileFilter('tcp[tcpflags] & tcp-syn != 0 or icmp');
  const actions = { onMatch: XdpAction.Drop, onMiss: XdpAction.Pass };
  return [matchingProgram(filter, { hook: 'xdp', name: 'filter', ...actions })];
}

/** All of them. */
export const programPairs: readonly ProgramPair[] = [
  {
    c: 'reference',
    programs: moduleAt('bench/src/programs/reference.ts'),
    fill: fillReference,
    inputs: {
      xdp_parse: [443, 7777].map(toPort),
      tc_conntrack: [443, 444].map(toPort),
      tc_policy: [443, 444].map(toPort),
    },
    unlike: ['b_conn'],
  },
  { ...example('compile-only'), inputs: { dropIcmp: datagrams } },
  { ...example('count-packets'), inputs: { countPackets: datagrams } },
  {
    ...example('drop-port'),
    fill: ({ maps }) => maps.closed_ports!.update(Uint8Array.of(0, 80), Uint8Array.of(1)),
    inputs: { dropPort: datagrams },
  },
  { ...example('open-netkit'), inputs: { openPort: datagrams } },
  { ...example('rate-limit'), inputs: { limitRate: any }, unlike: ['buckets'] },
  { ...example('forward-packets'), inputs: { forward: any, receive: any } },
  { ...example('read-frames'), inputs: { handOver: any } },
  { ...example('spread-cpus'), inputs: { spread: any } },
  {
    c: 'match-packets',
    programs: matching,
    inputs: {
      filter: [
        { name: 'a SYN', packet: tcp(TcpFlag.SYN) },
        { name: 'an ACK', packet: tcp(TcpFlag.ACK) },
        ...datagrams.slice(1),
      ],
    },
  },
  { ...example('filter-socket'), inputs: { filter: any } },
  { ...example('guard-group'), inputs: { count: any } },
  ...['echo', 'join-sockets', 'share-port', 'steer-port', 'redirect-connect'].map(example),
  ...['count-established', 'trace-connect', 'count-calls', 'list-sockets'].map(example),
  ...['time-connect', 'refuse-sockets'].map(example),
  ...(process.arch === 'x64' ? [example('watch-function')] : []),
];

function toPort(port: number): PairInput {
  return { name: `to ${port}`, packet: referenceSegment(knownClient, port) };
}
