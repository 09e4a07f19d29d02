/** What records say of a packet: its own ends, and the side that decided. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DatapathEvent, Direction, EventType } from '@skep/contract';
import { codecOf } from '@skep/ebpf';
import { formatAddress, Ipv6Address } from '@skep/wire';
import { fromMapAddress } from './address.ts';
import type { HookName } from './trial/engine.ts';
import { MachineEngine } from './trial/machine-engine.ts';
import { sent, udp } from './trial/packet-case.ts';
import { ANNA, BERT, OPEN_POLICY, setPolicy, setUp, type TrialEndpoint } from './trial/world.ts';

const CLOSED = { isEnforced: true, segments: [] };
const DATAGRAM = sent(ANNA, BERT, udp(40_000, 53));

function node(): MachineEngine {
  const engine = new MachineEngine();
  setUp(engine);
  return engine;
}

/** The records of drops that one packet makes. */
function dropsOf(
  engine: MachineEngine,
  frame: Uint8Array,
  hook: HookName = 'from',
  endpoint: TrialEndpoint = ANNA,
): string[] {
  engine.takeEvents();
  engine.carry(hook, endpoint, frame);
  const events = engine.takeEvents().map((bytes) => codecOf(DatapathEvent).decode(bytes));
  return events
    .filter((event) => event.type === EventType.Drop)
    .map((event) => {
      const [source, destination] = [addressText(event.source), addressText(event.destination)];
      const side = `${Direction[event.direction]} of ${event.policyEndpoint}`;
      return `${source} > ${destination}: ${side}, revision ${event.revision}`;
    });
}

function addressText(address: { upper: bigint; lower: bigint }): string {
  return formatAddress(fromMapAddress(codecOf(Ipv6Address).encode(address)));
}

describe('records', () => {
  test('of a flow that is decided anew, what it repeated since its last record is told', () => {
    const engine = node();
    const counts = (): number[] =>
      engine.takeEvents().map((bytes) => codecOf(DatapathEvent).decode(bytes).count);
    const deny = (revision: number): void =>
      setPolicy(engine, BERT, { ...OPEN_POLICY, ingress: CLOSED }, revision);
    const send = (packets: number): void => {
      for (let sent = 0; sent < packets; sent++) engine.carry('from', ANNA, DATAGRAM);
    };
    deny(7);
    counts();
    send(4);
    assert.deepEqual(counts(), [1]);
    deny(8);
    send(3);
    assert.deepEqual(counts(), [4]);
    // Allowed, what was dropped is no part of what passes.
    setPolicy(engine, BERT, OPEN_POLICY, 9);
    send(1);
    assert.deepEqual(counts(), [1]);
    deny(10);
    send(2);
    assert.deepEqual(counts(), [1]);
  });

  test('a frame that is no IP packet has no addresses, least of all those of another', () => {
    const engine = node();
    engine.carry('from', ANNA, DATAGRAM);
    const foreign = sent(BERT, ANNA, { ...udp(1, 2), sourceMac: ANNA.mac });
    const found = dropsOf(engine, foreign, 'from', BERT);
    assert.deepEqual(found, [':: > ::: Ingress of 0, revision 0']);
  });

  for (const side of [Direction.Egress, Direction.Ingress]) {
    test(`a flow that ${Direction[side]} denied is reported so again`, () => {
      const engine = node();
      const [endpoint, policy] =
        side === Direction.Egress
          ? [ANNA, { ...OPEN_POLICY, egress: CLOSED }]
          : [BERT, { ...OPEN_POLICY, ingress: CLOSED }];
      setPolicy(engine, endpoint, policy, 7);
      const expected = `10.0.0.1 > 10.0.0.2: ${Direction[side]} of ${endpoint.id}, revision 7`;
      assert.deepEqual(dropsOf(engine, DATAGRAM), [expected]);
      engine.advanceSeconds(10);
      assert.deepEqual(dropsOf(engine, DATAGRAM), [expected]);
    });
  }
});
