/** Runs rows of a packet table on an engine and says where it differs. */
import assert from 'node:assert/strict';
import { DatapathEvent, describeDropReason, EventType, TrafficCounter } from '@skep/contract';
import { codecOf, u32 } from '@skep/ebpf';
import { traffic } from '../maps.ts';
import type { Delivery, Engine } from './engine.ts';
import { afterHop, onLink } from './hop.ts';
import type { PacketCase, Step, UplinkStep } from './packet-case.ts';
import { remembered } from './remembered.ts';
import type { TrialTables } from './tables.ts';
import { clearUplink, forgetFlows, GATEWAY_MAC, otherThan, setUp } from './world.ts';

/** @throws AssertionError naming the step that went another way. */
export function runCase(engine: Engine, row: PacketCase): void {
  begin(engine);
  clearUplink(engine);
  setUp(engine);
  row.before?.(engine);
  for (const [index, each] of row.steps.entries()) {
    if (typeof each === 'function') each(engine);
    else runStep(engine, each, `${engine.name}: ${row.sentence}: step ${index + 1}`);
  }
  engine.settle();
  const where = `${engine.name}: ${row.sentence}: afterwards`;
  assert.deepEqual(remembered(engine), row.after ?? [], where);
  assert.deepEqual(reportedDrops(engine), expectedReports(row), `${where}: drops reported`);
}

/** Nothing is left over from the row before: no flow, no count, no record. */
function begin(engine: Engine): void {
  forgetFlows(engine);
  for (const { key, value } of engine.entries(traffic)) {
    if (value.some((byte) => byte !== 0)) {
      engine.update(traffic, key, new Uint8Array(value.length));
    }
  }
  engine.takeEvents();
}

function runStep(engine: Engine, step: Step | UplinkStep, where: string): void {
  const before = counters(engine);
  const { fate, packet } = carry(engine, step);
  const found = changes(before, counters(engine));
  const names = found.map(([reason, count]) => `${count} ${nameOf(reason)}`).join(', ');
  assert.equal(fate, step.fate, `${where}: counted ${names || 'nothing'}`);
  assert.deepEqual(found, expectedCounts(step), `${where}: counted ${names || 'nothing'}`);
  const expected = step.out ?? packetOut(step);
  if (expected) assert.equal(hex(packet), hex(expected), `${where}: packet out`);
}

function carry(engine: Engine, step: Step | UplinkStep): Delivery {
  if ('endpoint' in step) return engine.carry(step.hook, step.endpoint, step.frame);
  return engine.carryAtUplink(step.hook, step.frame);
}

function expectedCounts(step: Step | UplinkStep): [number, bigint][] {
  if (step.reason !== undefined) return [[step.reason, 1n]];
  if (!('endpoint' in step)) return [];
  // An answer goes through both hooks: it is let through twice.
  return [[0, step.fate === 'answer' ? 2n : 1n]];
}

/** What comes out where the row does not say it. */
function packetOut(step: Step | UplinkStep): Uint8Array | undefined {
  const { fate, frame } = step;
  if (fate === 'pass') return frame;
  if (fate !== 'to peer') return undefined;
  return onLink(afterHop(frame), GATEWAY_MAC, otherThan(step.endpoint).mac);
}

function reportedDrops(tables: TrialTables): string[] {
  const events = tables.takeEvents().map((bytes) => codecOf(DatapathEvent).decode(bytes));
  const drops = events.filter((event) => event.type === EventType.Drop);
  return names(drops.map((event) => event.reason));
}

function expectedReports(row: PacketCase): string[] {
  return names(
    row.steps.flatMap((step) => {
      const isReported = typeof step !== 'function' && !('isUnreported' in step);
      return isReported && step.reason !== undefined ? [step.reason] : [];
    }),
  );
}

/** Once each, sorted: how often one is reported depends on the clock. */
function names(reasons: readonly number[]): string[] {
  return [...new Set(reasons)].map(nameOf).sort();
}

function nameOf(reason: number): string {
  return reason === 0 ? 'forwarded' : describeDropReason(reason).name;
}

/** Packets by drop reason; 0 counts what was forwarded. */
export type Counts = ReadonlyMap<number, bigint>;

/** Over all CPUs. */
export function counters(tables: TrialTables): Counts {
  const codec = codecOf(TrafficCounter);
  const found = new Map<number, bigint>();
  for (const { key, value } of tables.entries(traffic)) {
    const reason = codecOf(u32).decode(key);
    for (let at = 0; at + TrafficCounter.size <= value.length; at += TrafficCounter.size) {
      found.set(reason, (found.get(reason) ?? 0n) + codec.decode(value, at).packets);
    }
  }
  return found;
}

/** Reasons whose count of packets is not what it was, in the order of the table. */
export function changed(before: Counts, after: Counts): number[] {
  return changes(before, after).map(([reason]) => reason);
}

/** By how much the counts have grown, those that have. */
function changes(before: Counts, after: Counts): [number, bigint][] {
  return [...after]
    .map(([reason, count]): [number, bigint] => [reason, count - (before.get(reason) ?? 0n)])
    .filter(([, growth]) => growth !== 0n);
}

function hex(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString('hex');
}
