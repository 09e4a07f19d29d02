/** Runs rows of a packet table on an engine and says where it differs. */
import assert from 'node:assert/strict';
import { describeDropReason, TrafficCounter } from '@skep/contract';
import { codecOf, TcAction } from '@skep/ebpf';
import { traffic } from '../maps.ts';
import { endpointPrograms } from '../programs.ts';
import type { Engine, EngineResult } from './engine.ts';
import type { Fate, PacketCase, Step } from './packet-case.ts';
import { moveTo, NODE, setUp } from './world.ts';

const PROGRAMS = endpointPrograms(NODE);

/** @throws AssertionError naming the step that went another way. */
export function runCase(engine: Engine, row: PacketCase): void {
  setUp(engine);
  row.before?.(engine);
  for (const [index, each] of row.steps.entries()) {
    if (typeof each === 'function') each(engine);
    else runStep(engine, each, `${engine.name}: ${row.sentence}: step ${index + 1}`);
  }
}

function runStep(engine: Engine, step: Step, where: string): void {
  const before = counters(engine);
  const { fromEndpoint, toEndpoint } = PROGRAMS;
  moveTo(engine, step.endpoint);
  const result = engine.run(step.hook === 'from' ? fromEndpoint : toEndpoint, step.frame);
  const reasons = changed(before, counters(engine));
  const names = reasons.map((reason) => describeDropReason(reason).name).join(', ');
  assert.equal(fateOf(result, step.fate), step.fate, `${where}: counted ${names || 'nothing'}`);
  const expected = step.reason ?? 0;
  assert.deepEqual(reasons, [expected], `${where}: counted ${names}`);
  if (step.out) assert.deepEqual(hex(result.packet), hex(step.out), where);
}

/** The kernel's test run does not say where a redirect goes: there either will do. */
function fateOf(result: EngineResult, expected: Fate): Fate | string {
  if (result.action === TcAction.Pass) return 'pass';
  if (result.action === TcAction.Drop) return 'drop';
  if (result.action !== TcAction.Redirect) return `action ${result.action}`;
  if (!result.redirect) return expected === 'answer' ? expected : 'to peer';
  return result.redirect.kind === 'redirect' ? 'answer' : 'to peer';
}

/** Packets by reason, over all CPUs. */
export function counters(engine: Engine): Map<number, bigint> {
  const codec = codecOf(TrafficCounter);
  const found = new Map<number, bigint>();
  for (const { key, value } of engine.entries(traffic)) {
    const reason = new DataView(key.buffer, key.byteOffset).getUint32(0, true);
    for (let at = 0; at + TrafficCounter.size <= value.length; at += TrafficCounter.size) {
      found.set(reason, (found.get(reason) ?? 0n) + codec.decode(value, at).packets);
    }
  }
  return found;
}

/** Reasons whose count of packets is not what it was, in the order of the table. */
export function changed(before: Map<number, bigint>, after: Map<number, bigint>): number[] {
  return [...after].filter(([reason, count]) => count !== before.get(reason)).map(([r]) => r);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
