/** The generated program decides as its table says, for random tables, ports and peers. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { canUseBpf } from '@skep/bpf';
import { Direction, DropReason } from '@skep/contract';
import { decideByTable, type DirectionTable, PolicyProtocol, type Segment } from '@skep/policy';
import { TcpFlag } from '@skep/wire';
import fc from 'fast-check';
import { POLICY_SEGMENTS_MAX, PolicySizeError, policyProgram } from './policy-program.ts';
import { KernelEngine } from './trial/kernel-engine.ts';
import { MachineEngine } from './trial/machine-engine.ts';
import { observe } from './trial/observe.ts';
import { sent, tcp, udp } from './trial/packet-case.ts';
import type { ProgramEngine } from './trial/program-engine.ts';
import { ANNA, BERT, forgetFlows, OPEN_POLICY, setPolicy, setUp } from './trial/world.ts';

const SEED = Number(process.env.SKEP_SEED ?? Date.now() % 0x7fff_ffff);
const TCP_AND_UDP = [PolicyProtocol.Tcp, PolicyProtocol.Udp] as const;

/** Peer groups: bert is in one of them; the others are beside it and far away. */
const group = fc.constantFrom(BERT.group, 0, 1, 3, 63, 64, 4095);
const safe = fc.record({ safeGroup: group }, { requiredKeys: [] });
const openDecision = fc.oneof(
  fc.record({ allowGroup: group, denyGroup: group }, { requiredKeys: [] }),
  fc.record({ denyGroup: group, isAllowAll: fc.constant(true) }, { requiredKeys: ['isAllowAll'] }),
  fc.constant({ isDenyAll: true }),
);
/** Where nothing is enforced only denying appears. */
const denyDecision = fc.oneof(fc.record({ denyGroup: group }), fc.constant({ isDenyAll: true }));

type Decision = Omit<Segment, 'protocol' | 'first' | 'last'>;

/** Segments from distinct bounds: each two make one, those in between are gaps. */
function segmentsOf(
  protocol: PolicyProtocol,
  decision: fc.Arbitrary<Decision>,
  most: number,
): fc.Arbitrary<Segment[]> {
  const bounds = fc.uniqueArray(fc.nat(0xffff), { maxLength: most * 2 });
  const decisions = fc.array(decision, { minLength: most, maxLength: most });
  return fc.tuple(bounds, decisions).map(([found, chosen]) => {
    const sorted = found.sort((a, b) => a - b);
    return Array.from({ length: sorted.length >> 1 }, (_, index) => ({
      protocol,
      first: sorted[index * 2]!,
      last: sorted[index * 2 + 1]!,
      ...chosen[index]!,
    }));
  });
}

function tables(most: number): fc.Arbitrary<DirectionTable> {
  return fc.boolean().chain((isEnforced) => {
    const rules: fc.Arbitrary<Decision> = isEnforced ? openDecision : denyDecision;
    const decision = fc.tuple(rules, safe).map(([one, other]) => ({ ...one, ...other }));
    const whole = fc.option(decision, { nil: undefined }).map((found) => {
      return found ? [{ protocol: PolicyProtocol.Other, first: 0, last: 0, ...found }] : [];
    });
    const each = TCP_AND_UDP.map((protocol) => segmentsOf(protocol, decision, most));
    const parts = fc.tuple(whole, ...each);
    return parts.map((lists) => ({ isEnforced, segments: lists.flat() }));
  });
}

/** Ports at the bounds of segments and beside them, and some others. */
function portsOf(table: DirectionTable, extra: readonly number[]): number[] {
  const bounds = table.segments.slice(0, 12).flatMap(({ first, last }) => {
    return [first - 1, first, last, last + 1];
  });
  return [...new Set([...bounds, ...extra])].filter((port) => port >= 0 && port <= 0xffff);
}

let revision = 1;

function check(engine: ProgramEngine, table: DirectionTable, extra: readonly number[]): void {
  forgetFlows(engine);
  setPolicy(engine, ANNA, { ...OPEN_POLICY, egress: table }, ++revision);
  for (const protocol of TCP_AND_UDP) {
    for (const port of portsOf(table, extra)) {
      const isTcp = protocol === PolicyProtocol.Tcp;
      const transport = isTcp ? tcp(40_000, port, TcpFlag.SYN) : udp(40_000, port);
      const { reasons } = observe(engine, 'from', ANNA, sent(ANNA, BERT, transport));
      const expected = decideByTable(table, protocol, port, new Set([BERT.group]));
      const denials: readonly number[] = [DropReason.PolicyDenied, DropReason.PolicyDenyRule];
      const found = reasons.every((reason) => denials.includes(reason)) ? 'deny' : 'allow';
      assert.ok(found === 'deny' || reasons.join() === '0', `reasons ${reasons.join()}`);
      assert.equal(found, expected, `${engine.name}: protocol ${protocol}, port ${port}`);
    }
  }
}

function checkAll(engine: ProgramEngine, most: number, numRuns: number): void {
  setUp(engine);
  const ports = fc.array(fc.nat(0xffff), { maxLength: 8 });
  const property = fc.property(tables(most), ports, (table, extra) => check(engine, table, extra));
  fc.assert(property, { seed: SEED, numRuns, endOnFailure: true });
}

test(`on the machine (SKEP_SEED=${SEED})`, () => checkAll(new MachineEngine(), 8, 25));
test('up to 300 segments on the machine', () => checkAll(new MachineEngine(), 150, 5));

describe('in the kernel', { skip: canUseBpf() ?? false }, () => {
  test(`random tables (SKEP_SEED=${SEED})`, (context) => {
    const engine = new KernelEngine();
    context.after(() => engine.close());
    checkAll(engine, 8, 40);
    checkAll(engine, 150, 4);
  });
});

test('a table with more segments than one program decides is refused', () => {
  const segments = Array.from({ length: POLICY_SEGMENTS_MAX + 1 }, (_, index) => {
    return { protocol: PolicyProtocol.Tcp, first: index * 2, last: index * 2, isAllowAll: true };
  });
  const table = { isEnforced: true, segments };
  assert.throws(() => policyProgram('large', table, Direction.Egress), PolicySizeError);
});
