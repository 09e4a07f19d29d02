/** The pump with a reader of the test's own: what it is told, and when. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RingBufferReader } from '@skep/bpf';
import { DatapathEvent, EventType } from '@skep/contract';
import { MachineTables } from '@skep/datapath';
import { codecOf } from '@skep/ebpf';
import { IpProtocol } from '@skep/wire';
import { NodeModel } from '../model/node-model.ts';
import { DatapathTables } from '../tables/datapath-tables.ts';
import { EventPump } from './event-pump.ts';
import { FlowLog } from './flow-log.ts';

/** What the pump uses of a reader; records come from the test. */
class FakeReader {
  onRecord: (record: Uint8Array) => void = () => {};
  onError: (error: unknown) => void = () => {};
  readonly calls: string[] = [];

  watch(onRecord: (record: Uint8Array) => void, onError: (error: unknown) => void): object {
    this.onRecord = onRecord;
    this.onError = onError;
    return { unref: () => this.calls.push('unref'), close: () => {} };
  }

  /** Records that nobody has been woken for yet. */
  waiting: Uint8Array[] = [];

  drain(onRecord: (record: Uint8Array) => void): void {
    for (const record of this.waiting.splice(0)) onRecord(record);
  }

  close(): void {
    this.calls.push('close');
  }
}

function makePump(): { reader: FakeReader; flows: FlowLog; pump: EventPump; errors: unknown[] } {
  const node = { jiffiesPerSecond: 250, hasRedirectPeer: 1, reportsForwarded: 1 } as const;
  let revision = 0;
  const model = new NodeModel(new DatapathTables(new MachineTables(node)), {
    nextRevision: () => ++revision,
  });
  const reader = new FakeReader();
  const flows = new FlowLog();
  const errors: unknown[] = [];
  const pump = new EventPump(reader as unknown as RingBufferReader, model, flows, (error) => {
    errors.push(error);
  });
  return { reader, flows, pump, errors };
}

function recordAt(timeNanoseconds: bigint): Uint8Array {
  return codecOf(DatapathEvent).encode({
    timeNanoseconds,
    source: { upper: 0n, lower: 0n },
    destination: { upper: 0n, lower: 0n },
    sourceIdentity: 2,
    destinationIdentity: 2,
    interfaceIndex: 0,
    length: 60,
    count: 3,
    revision: 0,
    sourcePort: 1,
    destinationPort: 2,
    endpoint: 0,
    policyEndpoint: 0,
    type: EventType.Trace,
    reason: 2,
    hook: 5,
    direction: 1,
    protocol: IpProtocol.UDP,
    tcpFlags: 0,
    isReply: 0,
    padding: 0,
  });
}

test('a record becomes a flow, at the time of the wall clock when its packet passed', () => {
  const { reader, flows } = makePump();
  const agoMilliseconds = 5000;
  const expected = Date.now() - agoMilliseconds;
  reader.onRecord(recordAt(process.hrtime.bigint() - BigInt(agoMilliseconds) * 1_000_000n));
  const [flow] = flows.recent({});
  assert.equal(flow?.count, 3);
  assert.ok(Math.abs(Date.parse(flow!.time) - expected) < 1000, `found ${flow?.time}`);
});

test('records of one tick have one time, and those of others have theirs', () => {
  const { reader, flows } = makePump();
  const now = process.hrtime.bigint();
  for (const ago of [3000n, 3000n, 1000n, 3000n]) reader.onRecord(recordAt(now - ago * 1_000_000n));
  const [first, same, later, again] = flows.recent({}).map(({ time }) => Date.parse(time));
  assert.equal(same, first);
  assert.ok(Math.abs(later! - first! - 2000) < 500);
  assert.ok(Math.abs(again! - first!) < 500);
});

test('who asks gets what has come while the pump rests, too, and once', () => {
  const { reader, flows, pump } = makePump();
  reader.waiting.push(recordAt(process.hrtime.bigint()));
  pump.readWaiting();
  pump.readWaiting();
  assert.equal(flows.recent({}).length, 1);
});

test('a record is used up at once: its bytes may be overwritten afterwards', () => {
  const { reader, flows } = makePump();
  const record = recordAt(process.hrtime.bigint());
  reader.onRecord(record);
  const before = JSON.stringify(flows.recent({}));
  record.fill(0xff);
  assert.equal(JSON.stringify(flows.recent({})), before);
});

test('watching alone does not keep the process alive; closing lets go of the ring', () => {
  const { reader, pump } = makePump();
  assert.deepEqual(reader.calls, ['unref']);
  pump.close();
  assert.deepEqual(reader.calls, ['unref', 'close']);
});

test('that records can no longer be read is told', () => {
  const { reader, errors } = makePump();
  const cause = new Error('poll failed');
  reader.onError(cause);
  assert.deepEqual(errors, [cause]);
});
