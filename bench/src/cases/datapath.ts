/**
 * The datapath: what one packet between two endpoints of this node costs, both sides decided,
 * against a C program that only parses and does one LRU lookup.
 */
import { canUseBpf, type Program } from '@skep/bpf';
import { TcAction } from '@skep/ebpf';
import { TcpFlag } from '@skep/wire';
import type { Case, Effort } from '../harness/case.ts';
import { clangVersion } from '../harness/clang.ts';
import {
  DatapathWorld,
  receiver,
  segment,
  sender,
  worldAddress,
} from '../harness/datapath-world.ts';
import { Bench, timePacket, verdictOf } from '../harness/kernel.ts';
import { Flows, NewFlows } from '../harness/flows.ts';
import { MachineWorld } from '../harness/machine-world.ts';
import { openPort443 } from '../harness/policies.ts';
import {
  knownClient,
  knownPort,
  loadYardstick,
  referenceSegment,
} from '../harness/reference-flow.ts';
import { interleave } from '../harness/rounds.ts';
import { pairedRow, plainRow, type Row } from '../harness/row.ts';

/** Both hooks against the least that a stateful program does. */
export const datapathCase: Case = {
  name: 'datapath',
  about:
    'one packet, both policies decided, against a C program that parses and does one LRU lookup',
  run: async (effort) => {
    const reason = canUseBpf() ?? (clangVersion() ? undefined : 'clang is not installed');
    if (reason !== undefined) return { skipped: reason };
    const bench = new Bench();
    const world = new DatapathWorld(bench);
    try {
      return await measure(bench, world, effort);
    } finally {
      world.close();
      bench.close();
    }
  },
};

/** One way for a packet to go. */
interface Path {
  readonly name: string;
  readonly verdict: TcAction;
  /** Brings the tables to where the path begins. */
  readonly prepare: () => void;
  readonly time: () => number;
  readonly program: Program;
  readonly packet: Uint8Array;
}

async function measure(bench: Bench, world: DatapathWorld, effort: Effort): Promise<Row[]> {
  const yardstick = loadYardstick(bench);
  const reference = referenceSegment(knownClient, knownPort);
  const flows = new Flows(bench);
  world.apply(openPort443);
  const rows: Row[] = counts();
  for (const path of paths(world, flows, effort)) {
    path.prepare();
    const found = verdictOf(path.program, path.packet) | 0;
    if (found !== path.verdict) {
      throw new Error(`${path.name}: action ${found}, expected ${path.verdict}`);
    }
    const measureOurs = (): number => {
      path.prepare();
      return path.time();
    };
    const samples = await interleave(
      [
        { name: 'ours', measure: measureOurs },
        { name: 'C', measure: () => timePacket(yardstick, reference, effort.runs) },
      ],
      effort.rounds,
    );
    const about = { name: path.name, unit: 'ns/packet', referenceName: 'C: parse + 1 LRU lookup' };
    rows.push(pairedRow(about, samples.get('ours')!, samples.get('C')!));
  }
  return rows;
}

function paths(world: DatapathWorld, flows: Flows, { runs }: Effort): Path[] {
  const program = world.fromEndpoint(sender);
  const data = tcp(receiver.ipv4, knownPort, TcpFlag.ACK);
  const outside = tcp(worldAddress, knownPort, TcpFlag.ACK);
  const first = tcp(receiver.ipv4, knownPort, TcpFlag.SYN);
  const denied = tcp(receiver.ipv4, knownPort + 1, TcpFlag.SYN);
  const repeated = (packet: Uint8Array) => () => flows.timeSame(program, packet, runs);
  const fresh = (packet: Uint8Array, alive: NewFlows) => () =>
    flows.timeNew(program, packet, alive);
  const forget = (): void => world.forget();
  const once = { program, verdict: TcAction.Redirect };
  const drop = { program, verdict: TcAction.Drop };
  return [
    {
      ...once,
      name: 'established, both sides',
      prepare: () => establish(world),
      packet: data,
      time: repeated(data),
    },
    {
      ...once,
      name: 'established, to the world',
      verdict: TcAction.Pass,
      prepare: () => verdictOf(program, tcp(worldAddress, knownPort, TcpFlag.SYN)),
      packet: outside,
      time: repeated(outside),
    },
    {
      ...once,
      name: 'first packet, both sides',
      prepare: forget,
      packet: first,
      time: fresh(first, NewFlows.Few),
    },
    {
      ...once,
      name: 'first packet, 40,000 flows',
      prepare: forget,
      packet: first,
      time: fresh(first, NewFlows.Many),
    },
    {
      ...drop,
      name: 'denied, first packet',
      prepare: forget,
      packet: denied,
      time: fresh(denied, NewFlows.Few),
    },
    {
      ...drop,
      name: 'denied, repeated',
      prepare: () => verdictOf(program, denied),
      packet: denied,
      time: repeated(denied),
    },
  ];
}

/** What one packet needs, counted on the machine: helper calls, and the lookups among them. */
function counts(): Row[] {
  const machine = new MachineWorld(openPort443);
  const first = machine.send(sender, tcp(receiver.ipv4, knownPort, TcpFlag.SYN));
  const answer = { sourcePort: knownPort, destinationPort: 40_000 };
  const flags = TcpFlag.SYN | TcpFlag.ACK;
  machine.send(receiver, segment(receiver, sender.ipv4, { ...answer, flags }));
  machine.send(sender, tcp(receiver.ipv4, knownPort, TcpFlag.ACK));
  const established = machine.send(sender, tcp(receiver.ipv4, knownPort, TcpFlag.ACK));
  const paths = { 'first packet': first, established };
  return Object.entries(paths).flatMap(([name, { helperCalls, instructionsExecuted }]) => {
    const calls = [...helperCalls.values()].reduce((sum, count) => sum + count, 0);
    return [
      plainRow(
        { name: `${name}, both sides: executed`, unit: 'instructions' },
        instructionsExecuted,
      ),
      plainRow({ name: `${name}, both sides: helpers`, unit: 'calls' }, calls),
      plainRow(
        { name: `${name}, both sides: lookups`, unit: 'calls' },
        helperCalls.get('map_lookup_elem') ?? 0,
      ),
    ];
  });
}

/** A handshake: both ends have taken part, so the flow is a connection. */
function establish(world: DatapathWorld): void {
  verdictOf(world.fromEndpoint(sender), tcp(receiver.ipv4, knownPort, TcpFlag.SYN));
  const answer = { sourcePort: knownPort, destinationPort: 40_000 };
  const flags = TcpFlag.SYN | TcpFlag.ACK;
  verdictOf(world.fromEndpoint(receiver), segment(receiver, sender.ipv4, { ...answer, flags }));
  verdictOf(world.fromEndpoint(sender), tcp(receiver.ipv4, knownPort, TcpFlag.ACK));
}

function tcp(destination: string, destinationPort: number, flags: number): Uint8Array {
  return segment(sender, destination, { sourcePort: 40_000, destinationPort, flags });
}
