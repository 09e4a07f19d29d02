/** What the datapath remembers of flows, in words: what a row expects of the tables afterwards. */
import {
  Connection,
  ConnectionFlag,
  describeDropReason,
  DirectedTuple,
  FragmentKey,
  FragmentPorts,
  Translation,
  Tuple,
} from '@skep/contract';
import { codecOf } from '@skep/ebpf';
import { formatAddress, IpProtocol, Ipv6Address } from '@skep/wire';
import { fromMapAddress } from '../address.ts';
import { connections, fragments, newTranslations, translations } from '../maps.ts';
import { type QueuedNewcomer, queuedNewcomers } from '../newcomer-queue.ts';
import type { TrialTables } from './tables.ts';
import { UPLINK_ADDRESS, UPLINK_ADDRESS6 } from './world.ts';

/** How a flow has come along, in the order in which it is told. */
const STATES: readonly (readonly [ConnectionFlag, string])[] = [
  [ConnectionFlag.Answered, 'answered'],
  [ConnectionFlag.InitiatorFinished, 'initiator finished'],
  [ConnectionFlag.ResponderFinished, 'responder finished'],
  [ConnectionFlag.Reset, 'reset'],
];

/**
 * A line for each flow and each fragmented datagram, sorted:
 *
 * - `new TCP 10.0.0.1:40000 > 10.0.0.2:80 1+0`: packets of the initiator and of the responder;
 * - `known …`: it is in the table of connections, not of newcomers;
 * - `new … denied: policy denied`;
 * - `fragments of UDP 10.0.0.1:5000 > 10.0.0.2:6000`;
 * - `new UDP 10.0.0.1:5000 as 198.51.100.1:6000 > 192.0.2.7:53`: a claim of masquerade, and `known
 *   …` as above.
 *
 * Times are left out, and so is what the rows do not tell apart.
 */
export function remembered(tables: TrialTables): string[] {
  return [
    ...tables.entries(connections).map(({ key, value }) => {
      const flow = flowText(codecOf(Tuple).decode(key), codecOf(Connection).decode(value));
      return `known ${flow}`;
    }),
    ...queuedNewcomers(tables).map(({ newcomer: { tuple, connection } }) => {
      return `new ${flowText(tuple, connection)}`;
    }),
    ...tables.entries(fragments).map(fragmentText),
    ...claims(tables.entries(translations)).map((text) => `known ${text}`),
    ...claims(tables.entries(newTranslations)).map((text) => `new ${text}`),
  ].sort();
}

type Entry = ReturnType<TrialTables['entries']>[number];

type Flow = QueuedNewcomer['newcomer'];

function flowText(tuple: Flow['tuple'], flow: Flow['connection']): string {
  const first = endText(tuple.firstAddress, tuple.firstPort);
  const second = endText(tuple.secondAddress, tuple.secondPort);
  const isFirst = (flow.flags & ConnectionFlag.InitiatorIsFirst) !== 0;
  const ends = isFirst ? `${first} > ${second}` : `${second} > ${first}`;
  const name = `${IpProtocol[tuple.protocol]} ${ends}`;
  if (flow.flags & ConnectionFlag.Denied) {
    return `${name} denied: ${describeDropReason(flow.reason).name}`;
  }
  const states = STATES.filter(([flag]) => flow.flags & flag).map(([, word]) => word);
  return [`${name} ${flow.forwardPackets}+${flow.replyPackets}`, ...states].join(', ');
}

function fragmentText({ key, value }: Entry): string {
  const datagram = codecOf(FragmentKey).decode(key);
  const ports = codecOf(FragmentPorts).decode(value);
  const source = endText(datagram.source, ports.source);
  const destination = endText(datagram.destination, ports.destination);
  return `fragments of ${IpProtocol[ports.protocol]} ${source} > ${destination}`;
}

/** Rows that only lead to a claim are left out: their tuple is an endpoint's. */
function claims(entries: readonly Entry[]): string[] {
  return entries.flatMap(({ key, value }) => {
    const tuple = codecOf(DirectedTuple).decode(key);
    const row = codecOf(Translation).decode(value);
    const node = endText(tuple.destination, tuple.destinationPort);
    if (!node.startsWith(`${UPLINK_ADDRESS}:`) && !node.startsWith(`[${UPLINK_ADDRESS6}]`))
      return [];
    const own = endText(row.address, row.port);
    const world = endText(tuple.source, tuple.sourcePort);
    const states = STATES.filter(([flag]) => row.flags & flag).map(([, word]) => word);
    const name = `${IpProtocol[tuple.protocol]} ${own} as ${node} > ${world}`;
    return [[name, ...states].join(', ')];
  });
}

function endText(address: { upper: bigint; lower: bigint }, port: number): string {
  const found = fromMapAddress(codecOf(Ipv6Address).encode(address));
  const text = formatAddress(found);
  return found.family === 6 ? `[${text}]:${port}` : `${text}:${port}`;
}
