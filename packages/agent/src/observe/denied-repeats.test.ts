/** Packets of denied flows, of which a record tells late, twice, or never. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EntryVisit } from '@skep/bpf';
import {
  ConnectionFlag,
  DatapathEvent,
  Direction,
  DropReason,
  EventType,
  Hook,
  Newcomer,
  NewcomerQueue,
  TrafficCounter,
} from '@skep/contract';
import { MachineTables, newcomerQueue, newcomers, traffic } from '@skep/datapath';
import { codecOf, type Decoded, type MapDeclaration } from '@skep/ebpf';
import { IpProtocol } from '@skep/wire';
import { NodeModel } from '../model/node-model.ts';
import { DatapathTables } from '../tables/datapath-tables.ts';
import { RuleCounts } from '../telemetry/rule-counts.ts';
import type { FlowView } from '../views.ts';
import { DeniedRepeats } from './denied-repeats.ts';

type Event = Decoded<DatapathEvent>;

const LOWER = { upper: 0n, lower: 1n };
const HIGHER = { upper: 0n, lower: 2n };
const FLOW = { rules: ['shop/closed'], verdict: 'dropped', direction: 'ingress' };

function newModel(): NodeModel {
  const node = { jiffiesPerSecond: 250, hasRedirectPeer: 1, reportsForwarded: 1 } as const;
  let revision = 0;
  return new NodeModel(new DatapathTables(new MachineTables(node)), {
    nextRevision: () => ++revision,
  });
}

/** Counts all of one rule; of an entry the model knows no rule, so that it gets the record's. */
class Counts extends RuleCounts {
  packets = 0;

  override add(flow: FlowView): void {
    this.packets += flow.count;
  }
}

/** The datapath with one flow, that the test says what is done with. */
class Datapath {
  readonly counts = new Counts();
  readonly repeats = new DeniedRepeats(this, newModel(), this.counts);
  /** Places of newcomers, and what was dropped of all. */
  readonly places: { unreported: number; lastReported: number }[] = [];
  reads = 0;
  dropped = 0;
  records: number[] = [];
  /** Happens while entries are read. */
  meanwhile: () => void = () => {};
  private jiffies = 0xffff_fff0;

  constructor() {
    this.follow();
  }

  /** An agent begins. */
  follow(): void {
    const readRecords = (): void => {
      for (const count of this.records.splice(0)) this.repeats.add(...recordOf(count));
    };
    this.repeats.follow(readRecords, assert.ifError);
    this.repeats.close();
  }

  /** A packet that is decided, and gets the next place. */
  begin(): void {
    this.dropped++;
    this.jiffies = (this.jiffies + 10) % 2 ** 32;
    this.places.push({ unreported: 0, lastReported: this.jiffies });
    this.records.push(1);
  }

  repeat(packets: number): void {
    this.dropped += packets;
    this.places.at(-1)!.unreported += packets;
  }

  report(): void {
    this.repeat(1);
    this.jiffies = (this.jiffies + 10) % 2 ** 32;
    const place = this.places.at(-1)!;
    this.records.push(place.unreported);
    Object.assign(place, { unreported: 0, lastReported: this.jiffies });
  }

  lookup(map: MapDeclaration, key: Uint8Array): Uint8Array | undefined {
    if (map === newcomerQueue) {
      return codecOf(NewcomerQueue).encode({ next: this.places.length });
    }
    assert.equal(map, traffic);
    const isTheirs = key[0] === DropReason.PolicyDenied;
    const packets = BigInt(isTheirs ? this.dropped : 0);
    return codecOf(TrafficCounter).encode({ packets, bytes: 0n, lastReported: 0, unreported: 0 });
  }

  visit(map: MapDeclaration, task: EntryVisit): void {
    if (map !== newcomers) return;
    this.reads++;
    for (const place of this.places) {
      const { buffer } = rowOf(place);
      task(new DataView(buffer), 0, 0);
    }
    this.meanwhile();
  }

  assertExact(): void {
    this.repeats.settle();
    assert.equal(this.counts.packets, this.dropped);
  }
}

function rowOf(place: { unreported: number; lastReported: number }): Uint8Array<ArrayBuffer> {
  const codec = codecOf(Newcomer);
  const empty = codec.decode(new Uint8Array(codec.size));
  const tuple = { firstAddress: LOWER, secondAddress: HIGHER, firstPort: 7, secondPort: 9 };
  const flags = ConnectionFlag.Denied | ConnectionFlag.InitiatorIsFirst;
  return codec.encode({
    ...empty,
    isTaken: 1,
    tuple: { ...empty.tuple, ...tuple, protocol: IpProtocol.UDP },
    connection: { ...empty.connection, ...place, flags, reason: DropReason.PolicyDenied },
  }) as Uint8Array<ArrayBuffer>;
}

function recordOf(count: number): [Event, FlowView] {
  const codec = codecOf(DatapathEvent);
  const event = {
    ...codec.decode(new Uint8Array(codec.size)),
    ...{ source: LOWER, destination: HIGHER, sourcePort: 7, destinationPort: 9 },
    ...{ type: EventType.Drop, reason: DropReason.PolicyDenied, protocol: IpProtocol.UDP },
    ...{ hook: Hook.ToEndpoint, direction: Direction.Ingress, count },
  };
  return [event, { ...FLOW, count } as unknown as FlowView];
}

test('what no record tells of is counted, once', () => {
  const datapath = new Datapath();
  datapath.begin();
  datapath.repeat(5);
  datapath.assertExact();
  datapath.assertExact();
  datapath.repeat(3);
  datapath.assertExact();
  datapath.report();
  datapath.assertExact();
  datapath.repeat(2);
  datapath.report();
  datapath.assertExact();
});

test('entries are not read while records tell of all', () => {
  const datapath = new Datapath();
  const { reads } = datapath;
  for (let flow = 0; flow < 9; flow++) datapath.begin();
  datapath.assertExact();
  assert.equal(datapath.reads, reads);
});

test('a flow that is decided anew, in another place or in its own, counts both times', () => {
  const datapath = new Datapath();
  datapath.begin();
  datapath.repeat(5);
  datapath.assertExact();
  datapath.begin();
  datapath.assertExact();
  datapath.repeat(7);
  datapath.assertExact();
  datapath.places.splice(0, 1);
  datapath.assertExact();
  // In its own place, with what it repeated before, as the datapath tells it.
  datapath.repeat(2);
  datapath.report();
  datapath.assertExact();
});

test('a flow that loses its place loses what was counted of it in no way', () => {
  const datapath = new Datapath();
  datapath.begin();
  datapath.repeat(4);
  datapath.assertExact();
  datapath.places.pop();
  datapath.begin();
  datapath.repeat(1);
  datapath.assertExact();
});

test('what is reported while entries are read is counted by its record alone', () => {
  const datapath = new Datapath();
  datapath.begin();
  datapath.repeat(4);
  datapath.meanwhile = () => datapath.report();
  datapath.repeats.settle();
  assert.equal(datapath.counts.packets, datapath.dropped);
  datapath.meanwhile = () => {};
  datapath.repeat(3);
  datapath.assertExact();
});

test('an agent counts what was since it began', () => {
  const datapath = new Datapath();
  datapath.begin();
  datapath.repeat(4);
  datapath.follow();
  const { packets } = datapath.counts;
  datapath.repeat(2);
  datapath.repeats.settle();
  assert.equal(datapath.counts.packets, packets + 2);
  datapath.report();
  datapath.repeats.settle();
  assert.equal(datapath.counts.packets, packets + 3);
});
