/**
 * Packets of denied flows that no record tells of yet. The datapath counts repeats in the flow's
 * entry, reports them now and then, and forgets what is left with the entry; so they are read from
 * there before they can be lost, and what a later record has of them is not counted again.
 */
import type { EntryVisit } from '@skep/bpf';
import {
  Connection,
  ConnectionFlag,
  type DatapathEvent,
  Direction,
  DropReason,
  EventType,
  Hook,
  Newcomer,
  REPEATS_READ_SECONDS,
  Tuple,
} from '@skep/contract';
import { connections, newcomers, traffic } from '@skep/datapath';
import { codecOf, type Decoded, type StructLayout, u32 } from '@skep/ebpf';
import { countNewcomers } from '../health/table-use.ts';
import type { KernelDatapath } from '../kernel/kernel-datapath.ts';
import type { NodeModel } from '../model/node-model.ts';
import { sumOfCpus } from '../node-views.ts';
import type { RuleCounts } from '../telemetry/rule-counts.ts';
import type { FlowView } from '../views.ts';
import { isPolicyDrop, toFlow } from './to-flow.ts';

type Event = Decoded<DatapathEvent>;
type Tables = Pick<KernelDatapath, 'visit' | 'lookup'>;

/** A denied flow, as its entry has it. */
interface Repeats {
  readonly tuple: Decoded<Tuple>;
  readonly connection: Decoded<Connection>;
}

/** What of an entry has been counted, while its next record is still to come. */
interface Counted {
  readonly lastReported: number;
  readonly packets: number;
}

const REASONS = [DropReason.PolicyDenied, DropReason.PolicyDenyRule] as const;

/** Counts every packet of a denied flow once, by its rules. */
export class DeniedRepeats {
  private counted = new Map<string, Counted>();
  /** Flows that were reported while their entries were read. */
  private reported: Set<string> | undefined;
  /** What was dropped by policy and what was counted of it, since the entries were read last. */
  private droppedBefore = 0;
  private countedSince = 0;
  private readRecords = (): void => {};
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly tables: Tables,
    private readonly model: NodeModel,
    private readonly counts: RuleCounts,
  ) {}

  /**
   * From now on; what repeats has left in entries until now was an earlier agent's to count.
   *
   * @param readRecords has all records that wait given to {@link add}
   * @param onFailure told once, when entries can no longer be read
   */
  follow(readRecords: () => void, onFailure: (error: unknown) => void): void {
    this.readRecords = readRecords;
    readRecords();
    this.droppedBefore = this.dropped();
    this.countedSince = 0;
    this.counted = new Map([...this.read()].map(([key, repeats]) => [key, countedOf(repeats)]));
    const settle = (): void => {
      try {
        this.settle();
      } catch (error) {
        this.close();
        onFailure(error);
      }
    };
    this.timer = setInterval(settle, REPEATS_READ_SECONDS * 1000).unref();
  }

  close(): void {
    clearInterval(this.timer);
  }

  /** A record of the datapath, and the flow that it is. */
  add(event: Event, flow: FlowView): void {
    if (!isPolicyDrop(event)) return this.counts.add(flow);
    const key = keyOfEvent(event);
    const { packets = 0 } = this.counted.get(key) ?? {};
    this.counted.delete(key);
    this.reported?.add(key);
    // A record of repeats has more than was read before; one of a new decision has one packet.
    this.count(flow, event.count > packets ? event.count - packets : event.count);
  }

  /** Counts what no record tells of yet: before names or verdicts change, and when asked for. */
  settle(): void {
    this.readRecords();
    const dropped = this.dropped();
    if (dropped - this.droppedBefore === this.countedSince) return;
    const found = this.read();
    this.reported = new Set();
    this.readRecords();
    const { reported } = this;
    this.reported = undefined;
    const before = this.counted;
    this.counted = new Map();
    for (const [key, repeats] of found) {
      // Nobody can say whether its record came before or after its entry was read.
      if (reported.has(key)) continue;
      this.counted.set(key, this.countRest(repeats, before.get(key)));
    }
    this.droppedBefore = dropped;
    this.countedSince = 0;
  }

  private countRest(repeats: Repeats, before: Counted | undefined): Counted {
    const now = countedOf(repeats);
    const packets = before?.lastReported === now.lastReported ? before.packets : 0;
    if (now.packets <= packets) return { ...now, packets };
    this.count(toFlow(eventOf(repeats), this.model, ''), now.packets - packets);
    return now;
  }

  private count(flow: FlowView, packets: number): void {
    this.countedSince += packets;
    this.counts.add({ ...flow, count: packets });
  }

  private dropped(): number {
    const rows = REASONS.map((reason) => this.tables.lookup(traffic, codecOf(u32).encode(reason)));
    return rows.reduce((sum, row) => sum + (row ? sumOfCpus(row).packets : 0), 0);
  }

  /** By their tuples; where a flow has lost its place and got another, the newer one. */
  private read(): Map<string, Repeats> {
    const found = new Map<string, Repeats>();
    const take = (repeats: Repeats): void => {
      const key = keyOf(repeats.tuple);
      const other = found.get(key);
      if (!other || isNewer(repeats, other)) found.set(key, repeats);
    };
    const takeNewcomer: EntryVisit = (view, _key, value) => {
      if (!isDenied(view, value + CONNECTION)) return;
      const { isTaken, tuple, connection } = codecOf(Newcomer).decode(bytesOf(view), value);
      if (isTaken) take({ tuple, connection });
    };
    this.tables.visit(newcomers, takeNewcomer, countNewcomers(this.tables));
    this.tables.visit(connections, (view, key, value) => {
      if (!isDenied(view, value)) return;
      const bytes = bytesOf(view);
      const tuple = codecOf(Tuple).decode(bytes, key);
      take({ tuple, connection: codecOf(Connection).decode(bytes, value) });
    });
    return found;
  }
}

function offsetOf({ fields }: StructLayout, name: string): number {
  return fields.find((field) => field.name === name)!.offset;
}

const FLAGS = offsetOf(Connection, 'flags');
const CONNECTION = offsetOf(Newcomer, 'connection');

/** Looked at without the rest, for most flows are not. */
function isDenied(view: DataView, at: number): boolean {
  return (view.getUint16(at + FLAGS, true) & ConnectionFlag.Denied) !== 0;
}

function bytesOf({ buffer, byteOffset, byteLength }: DataView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function countedOf({ connection }: Repeats): Counted {
  return { lastReported: connection.lastReported, packets: connection.unreported };
}

/** By a clock that goes round. */
function isNewer({ connection: one }: Repeats, { connection: other }: Repeats): boolean {
  return ((one.lastReported - other.lastReported) | 0) > 0;
}

function keyOf({ firstAddress, secondAddress, firstPort, secondPort, protocol }: Ends): string {
  const first = `${firstAddress.upper} ${firstAddress.lower} ${firstPort}`;
  return `${first} ${secondAddress.upper} ${secondAddress.lower} ${secondPort} ${protocol}`;
}

type Ends = Omit<Decoded<Tuple>, 'padding'>;

/** The lower end first, as `orient` of the datapath has it. */
function keyOfEvent(event: Event): string {
  const { source, destination, sourcePort, destinationPort, protocol } = event;
  const by = [
    source.lower - destination.lower,
    source.upper - destination.upper,
    BigInt(sourcePort - destinationPort),
  ].find((difference) => difference !== 0n);
  const isSourceFirst = by !== undefined && by < 0n;
  const ends = [
    { address: source, port: sourcePort },
    { address: destination, port: destinationPort },
  ] as const;
  const [first, second] = isSourceFirst ? ends : [ends[1], ends[0]];
  return keyOf({
    ...{ firstAddress: first.address, firstPort: first.port },
    ...{ secondAddress: second.address, secondPort: second.port },
    protocol,
  });
}

/** What would be reported of it now. */
function eventOf({ tuple, connection }: Repeats): Event {
  const isFirst = (connection.flags & ConnectionFlag.InitiatorIsFirst) !== 0;
  const [source, destination] = isFirst
    ? [tuple.firstAddress, tuple.secondAddress]
    : [tuple.secondAddress, tuple.firstAddress];
  const [sourcePort, destinationPort] = isFirst
    ? [tuple.firstPort, tuple.secondPort]
    : [tuple.secondPort, tuple.firstPort];
  const isIngress = connection.ingressSubject !== 0;
  const endpoint = isIngress ? connection.ingressEndpoint : connection.egressEndpoint;
  return {
    ...{ source, destination, sourcePort, destinationPort, protocol: tuple.protocol },
    sourceIdentity: connection.initiatorIdentity,
    destinationIdentity: connection.responderIdentity,
    revision: isIngress ? connection.ingressRevision : connection.egressRevision,
    direction: isIngress ? Direction.Ingress : Direction.Egress,
    ...{ type: EventType.Drop, reason: connection.reason, hook: Hook.FromEndpoint },
    ...{ endpoint, policyEndpoint: endpoint, count: connection.unreported, length: 0 },
    ...{ timeNanoseconds: 0n, interfaceIndex: 0, tcpFlags: 0, isReply: 0, padding: 0 },
  };
}
