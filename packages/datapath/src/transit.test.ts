/**
 * Between endpoints behind netkit devices: a packet goes through both hooks, is decided by the
 * first and let through by the second, and nothing else is.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MachineOptions } from '@skep/bytecode';
import { describeDropReason, DropReason, Succession } from '@skep/contract';
import { codecOf, TcAction, u32 } from '@skep/ebpf';
import { PolicyProtocol } from '@skep/policy';
import { EtherType, TcpFlag } from '@skep/wire';
import { MachineTables } from './machine-tables.ts';
import { DECIDED, former, FormerSlot, succession } from './maps.ts';
import { decidedProgram, endpointPrograms, type NodeConstants } from './programs.ts';
import { NOWHERE } from './stages/deliver.ts';
import { afterHop, onLink } from './trial/hop.ts';
import { sent, tcp, udp } from './trial/packet-case.ts';
import { remembered } from './trial/remembered.ts';
import { counters } from './trial/run-case.ts';
import type { TrialTables } from './trial/tables.ts';
import * as world from './trial/world.ts';

const { ANNA, BERT, GATEWAY_MAC } = world;
const NODE: NodeConstants = { ...world.NODE, hasNetkit: 1 };
const ALONE = endpointPrograms(NODE);
const SUCCESSORS = endpointPrograms(NODE, 'successor');
const WEB = { protocol: PolicyProtocol.Tcp, first: 80, last: 80 };
const CLOSED = { isEnforced: true, segments: [] };
const ROW = codecOf(u32).encode(0);
const CLOCK = (): bigint => 1_000_000_000_000n;

const DATAGRAM = sent(ANNA, BERT, udp(40_000, 53));
const SYN = sent(ANNA, BERT, tcp(40_000, 80, TcpFlag.SYN));

/** What a packet brings besides its bytes. */
interface Context {
  readonly protocol?: number;
  /** 0 where it is being sent, as behind a netkit device. */
  readonly ingressIfindex?: number;
  readonly gsoSegments?: number;
}

/** Anna and bert, each on an interface of its own. */
class Pair extends MachineTables implements TrialTables {
  private programs = ALONE;

  constructor(options: MachineOptions = {}) {
    super(NODE, { ...options, clock: CLOCK });
    world.setUp(this);
  }

  /** From now on as in the middle of an upgrade, or at its end. */
  succeed(state: Succession): void {
    this.programs = SUCCESSORS;
    this.setPolicy(DECIDED, decidedProgram(NODE, 'successor'));
    this.update(succession, ROW, codecOf(u32).encode(state));
    this.setProgram(former, FormerSlot.FromEndpoint, ALONE.fromEndpoint);
    this.setProgram(former, FormerSlot.ToEndpoint, ALONE.toEndpoint);
  }

  /** Where a packet goes that an endpoint sends. */
  from(endpoint: world.TrialEndpoint, frame: Uint8Array, context: Context = {}): string {
    const { returnValue, redirect, packet } = this.run('fromEndpoint', endpoint, frame, context);
    if (returnValue !== TcAction.Redirect) return TcAction[returnValue]!;
    if (redirect?.ifindex === NOWHERE) return 'nowhere';
    if (redirect?.kind === 'neighbour') return 'neighbour';
    const other = world.otherThan(endpoint);
    assert.equal(redirect?.ifindex, other.interfaceIndex);
    assert.deepEqual(packet, onLink(afterHop(frame), GATEWAY_MAC, other.mac));
    return redirect!.kind === 'peer' ? 'into the namespace' : 'out of the interface';
  }

  /** What becomes of a packet on its way to an endpoint, as it left the one before. */
  to(endpoint: world.TrialEndpoint, frame: Uint8Array, context: Context = {}): string {
    const routed = onLink(afterHop(frame), GATEWAY_MAC, endpoint.mac);
    return TcAction[this.run('toEndpoint', endpoint, routed, context).returnValue]!;
  }

  /** Everything that was counted, by reason. */
  counts(): Record<string, number> {
    const found = [...counters(this)];
    return Object.fromEntries(
      found
        .filter(([, count]) => count > 0n)
        .map(([reason, count]) => [
          reason === 0 ? 'forwarded' : describeDropReason(reason).name,
          Number(count),
        ]),
    );
  }

  advanceSeconds(): void {}

  close(): void {}

  private run(
    hook: keyof typeof ALONE,
    { interfaceIndex }: world.TrialEndpoint,
    frame: Uint8Array,
    context: Context,
  ) {
    const own = new DataView(frame.buffer, frame.byteOffset).getUint16(12, true);
    const given = { ifindex: interfaceIndex, protocol: own, ingressIfindex: 0, ...context };
    return this.load(this.programs[hook]).run({ packet: frame.slice(), context: given });
  }
}

const nameOf = (reason: DropReason): string => describeDropReason(reason).name;

describe('between netkit devices', () => {
  test('what the first hook sends on, the second lets through: decided and counted once', () => {
    const pair = new Pair();
    for (let sends = 1; sends <= 2; sends++) {
      assert.equal(pair.from(ANNA, DATAGRAM), 'out of the interface');
      assert.equal(pair.to(BERT, DATAGRAM), 'Pass');
    }
    assert.deepEqual(pair.counts(), { forwarded: 2 });
    assert.deepEqual(remembered(pair), ['new UDP 10.0.0.1:40000 > 10.0.0.2:53 2+0']);
  });

  test('over IPv6, and decided by rules', () => {
    const pair = new Pair();
    const open = { isEnforced: true, segments: [{ ...WEB, allowGroup: ANNA.group }] };
    world.setPolicy(pair, BERT, { ...world.OPEN_POLICY, ingress: open }, 2);
    const frame = sent(ANNA, BERT.ipv6, tcp(40_000, 80, TcpFlag.SYN));
    assert.equal(pair.from(ANNA, frame), 'out of the interface');
    assert.equal(pair.to(BERT, frame), 'Pass');
    assert.deepEqual(pair.counts(), { forwarded: 1 });
  });

  test('from a veth on the same node it goes straight into the namespace', () => {
    const pair = new Pair();
    const context = { ingressIfindex: ANNA.interfaceIndex };
    assert.equal(pair.from(ANNA, DATAGRAM, context), 'into the namespace');
    assert.equal(pair.to(BERT, DATAGRAM), 'Drop', 'nothing is under way');
  });

  test('what nobody has sent on is forged, also of a flow that is known', () => {
    const pair = new Pair();
    assert.equal(pair.to(BERT, DATAGRAM), 'Drop');
    assert.equal(pair.from(ANNA, DATAGRAM), 'out of the interface');
    assert.equal(pair.to(BERT, DATAGRAM), 'Pass');
    assert.equal(pair.to(BERT, DATAGRAM), 'Drop', 'a second one');
    const forged = nameOf(DropReason.InvalidSourceAddress);
    assert.deepEqual(pair.counts(), { forwarded: 1, [forged]: 2 });
  });

  test('what is denied leaves nothing open', () => {
    const pair = new Pair();
    world.setPolicy(pair, BERT, { ...world.OPEN_POLICY, ingress: CLOSED }, 2);
    assert.equal(pair.from(ANNA, SYN), 'nowhere', 'without a word to the sender');
    assert.equal(pair.to(BERT, SYN), 'Drop');
    const context = { ingressIfindex: ANNA.interfaceIndex };
    assert.equal(pair.from(ANNA, SYN, context), 'Drop', 'behind a veth');
  });

  const others = [
    { name: 'another port', frame: sent(ANNA, BERT, udp(40_001, 53)) },
    { name: 'another protocol', frame: sent(ANNA, BERT, tcp(40_000, 53, TcpFlag.SYN)) },
    { name: 'the other family', frame: sent(ANNA, BERT.ipv6, udp(40_000, 53)) },
  ];
  for (const { name, frame } of others) {
    test(`a packet that never arrives opens nothing: ${name}`, () => {
      const pair = new Pair();
      assert.equal(pair.from(ANNA, DATAGRAM), 'out of the interface');
      assert.equal(pair.to(BERT, frame), 'Drop');
      assert.equal(pair.to(BERT, DATAGRAM), 'Drop', 'the waiting has ended');
    });
  }

  test('to another endpoint than it was sent on to', () => {
    const pair = new Pair();
    assert.equal(pair.from(ANNA, DATAGRAM), 'out of the interface');
    assert.equal(pair.to(ANNA, DATAGRAM), 'Drop');
    assert.equal(pair.to(ANNA, sent(BERT, ANNA, udp(53, 40_000))), 'Drop');
  });

  test('a packet of several segments arrives whole, or as each of them', () => {
    const pair = new Pair();
    for (const arrivals of [[3], [0, 1, 0], [2, 0]]) {
      assert.equal(pair.from(ANNA, DATAGRAM, { gsoSegments: 3 }), 'out of the interface');
      for (const gsoSegments of arrivals) {
        assert.equal(pair.to(BERT, DATAGRAM, { gsoSegments }), 'Pass');
      }
      assert.equal(pair.to(BERT, DATAGRAM), 'Drop', `one more than ${arrivals}`);
    }
  });

  test('fragments without ports of their own', () => {
    const pair = new Pair();
    const datagram = { ...udp(40_000, 53), payload: new Uint8Array(16) };
    const first = sent(ANNA, BERT, { ...datagram, moreFragments: true });
    const later = sent(ANNA, BERT, { ...datagram, fragmentOffset: 24 });
    for (const frame of [first, later]) {
      assert.equal(pair.from(ANNA, frame), 'out of the interface');
      assert.equal(pair.to(BERT, frame), 'Pass');
    }
  });

  test('a frame that its sender calls something else than its header does', () => {
    const pair = new Pair();
    for (const type of [EtherType.IPv6, EtherType.ARP, EtherType.VLAN]) {
      const protocol = ((type & 0xff) << 8) | (type >>> 8);
      assert.equal(pair.from(ANNA, DATAGRAM, { protocol }), 'nowhere');
    }
    assert.deepEqual(pair.counts(), { [nameOf(DropReason.InvalidPacket)]: 3 });
  });

  test('in an upgrade the word changes hands between the two hooks', () => {
    const pair = new Pair();
    pair.succeed(Succession.Shadow);
    assert.equal(pair.from(ANNA, DATAGRAM), 'out of the interface');
    pair.update(succession, ROW, codecOf(u32).encode(Succession.Decides));
    assert.equal(pair.to(BERT, DATAGRAM), 'Pass');
  });
});
