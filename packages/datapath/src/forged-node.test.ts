/**
 * Who is behind an interface of the node and sends from one of the node's addresses is not the
 * node: rules that open an endpoint to its node would open it to everybody.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { describeDropReason, DropReason } from '@skep/contract';
import { TcAction } from '@skep/ebpf';
import { TcpFlag } from '@skep/wire';
import { MachineTables } from './machine-tables.ts';
import { endpointPrograms } from './programs.ts';
import { arriving, sent, tcp, type Transport, udp } from './trial/packet-case.ts';
import { remembered } from './trial/remembered.ts';
import { counters } from './trial/run-case.ts';
import type { TrialTables } from './trial/tables.ts';
import * as world from './trial/world.ts';

const { ANNA, BERT, GATEWAY6, NODE, NODE_ADDRESS, UPLINK_ADDRESS6, UPLINK_INTERFACE } = world;
const FORGED = `drop: ${describeDropReason(DropReason.InvalidSourceAddress).name}`;
const SYN = tcp(40_000, 22, TcpFlag.SYN);
const ACK = tcp(40_000, 22, TcpFlag.ACK);

/** Anna on a machine of her own, and what the node's stack hands her. */
class Node extends MachineTables implements TrialTables {
  private readonly programs: ReturnType<typeof endpointPrograms>;

  constructor(hasNetkit: 0 | 1 = 0) {
    const node = { ...NODE, hasNetkit };
    super(node, { clock: () => 1_000_000_000_000n });
    this.programs = endpointPrograms(node);
    world.setUp(this);
  }

  /** `ingressIfindex` 0: the node's own, or behind a netkit device; `socketCookie` 0: of none. */
  toAnna(
    source: string,
    transport: Transport,
    ingressIfindex = UPLINK_INTERFACE,
    socketCookie = 0n,
  ): string {
    return this.to(ANNA, source, transport, { ingressIfindex, socketCookie });
  }

  to(
    endpoint: world.TrialEndpoint,
    source: string,
    transport: Transport,
    { ingressIfindex = 0, socketCookie = 0n },
  ): string {
    const before = counters(this);
    const context = { ifindex: endpoint.interfaceIndex, ingressIfindex };
    const packet = arriving(source, endpoint, transport);
    const { toEndpoint } = this.programs;
    const { returnValue } = this.load(toEndpoint).run({ packet, context, socketCookie });
    if (returnValue === TcAction.Pass) return 'pass';
    const reasons = [...counters(this)].filter(([at, count]) => count !== (before.get(at) ?? 0n));
    return `drop: ${reasons.map(([reason]) => describeDropReason(reason).name).join()}`;
  }

  annaSends(to: string, transport: Transport): number {
    return this.sends(ANNA, to, transport);
  }

  sends(endpoint: world.TrialEndpoint, to: string, transport: Transport): number {
    const packet = sent(endpoint, to, transport);
    const protocol = new DataView(packet.buffer).getUint16(12, true);
    const context = { ifindex: endpoint.interfaceIndex, protocol };
    return this.load(this.programs.fromEndpoint).run({ packet, context }).returnValue;
  }

  advanceSeconds(): void {}

  close(): void {}
}

describe('an address of the node that comes in by an interface', () => {
  for (const address of [NODE_ADDRESS, UPLINK_ADDRESS6, GATEWAY6]) {
    test(`${address} is the node's only where the node itself sends`, () => {
      const node = new Node();
      assert.equal(node.toAnna(address, SYN), FORGED);
      assert.equal(node.toAnna(address, udp(1, 22)), FORGED);
      assert.deepEqual(remembered(node), [], 'a forged packet leaves nothing behind');
      assert.equal(node.toAnna(address, SYN, 0), 'pass');
    });
  }

  test('it has no part in what the node has begun, nor in what an endpoint has', () => {
    const node = new Node();
    assert.equal(node.toAnna(NODE_ADDRESS, SYN, 0), 'pass');
    assert.equal(node.toAnna(NODE_ADDRESS, ACK), FORGED);
    assert.equal(node.toAnna(NODE_ADDRESS, ACK, 0), 'pass');
    assert.equal(node.annaSends(NODE_ADDRESS, udp(7, 53)), TcAction.Pass);
    assert.equal(node.toAnna(NODE_ADDRESS, udp(53, 7)), FORGED);
    assert.equal(node.toAnna(NODE_ADDRESS, udp(53, 7), 0), 'pass');
  });

  test('the rest of the world comes in as before, and endpoints send to their node', () => {
    const node = new Node();
    assert.equal(node.toAnna(world.WORLD_ADDRESS, SYN), 'pass');
    assert.equal(node.toAnna(world.WORLD_ADDRESS6, SYN), 'pass');
    assert.equal(node.toAnna(BERT.ipv4, udp(1, 2)), FORGED, 'an endpoint comes by its own device');
    assert.equal(node.annaSends(NODE_ADDRESS, SYN), TcAction.Pass);
  });
});

describe('behind a netkit device, which forgets where a packet has come in', () => {
  const COOKIE = 77n;

  test('what begins is the node’s where it is of a socket', () => {
    const node = new Node(1);
    for (const address of [NODE_ADDRESS, UPLINK_ADDRESS6, GATEWAY6]) {
      assert.equal(node.toAnna(address, SYN, 0), FORGED);
      assert.equal(node.toAnna(address, udp(1, 22), 0), FORGED);
    }
    assert.deepEqual(remembered(node), []);
    assert.equal(node.toAnna(NODE_ADDRESS, SYN, 0, COOKIE), 'pass');
    assert.equal(node.toAnna(world.WORLD_ADDRESS, SYN, 0), 'pass');
  });

  test('answers need none: that a port is closed is said by the kernel itself', () => {
    const node = new Node(1);
    assert.notEqual(node.annaSends(UPLINK_ADDRESS6, tcp(7, 99, TcpFlag.SYN)), TcAction.Drop);
    const reset = tcp(99, 7, TcpFlag.RST | TcpFlag.ACK);
    assert.equal(node.toAnna(UPLINK_ADDRESS6, reset, 0), 'pass');
  });
});

describe('what comes back from the node’s own NAT', () => {
  const { SYN: syn, ACK: ack } = TcpFlag;
  const BY_ANNA = { ingressIfindex: ANNA.interfaceIndex };
  const BY_BERT = { ingressIfindex: BERT.interfaceIndex };

  test('an endpoint reaches itself by a port of the node; another one is not the node so', () => {
    const node = new Node();
    assert.equal(node.annaSends(NODE_ADDRESS, tcp(5000, 8080, syn)), TcAction.Pass);
    assert.equal(node.to(ANNA, NODE_ADDRESS, tcp(5000, 80, syn), BY_ANNA), 'pass');
    assert.equal(node.to(ANNA, NODE_ADDRESS, tcp(5001, 80, syn), BY_BERT), FORGED);
  });

  test('one endpoint reaches another by a port of the node, there and back by its stack', () => {
    const node = new Node();
    const there = (flags: number) => node.to(ANNA, BERT.ipv4, tcp(5000, 80, flags), BY_BERT);
    const back = (flags: number) => [
      node.annaSends(BERT.ipv4, tcp(80, 5000, flags)),
      node.to(BERT, NODE_ADDRESS, tcp(8080, 5000, flags), BY_ANNA),
    ];
    assert.equal(node.sends(BERT, NODE_ADDRESS, tcp(5000, 8080, syn)), TcAction.Pass);
    assert.equal(there(syn), 'pass');
    assert.deepEqual(back(syn | ack), [TcAction.Pass, 'pass']);
    assert.equal(there(ack), 'pass');
    world.bumpMembership(node, 2);
    assert.deepEqual(back(ack), [TcAction.Pass, 'pass'], 'also where it is decided anew');
    assert.equal(there(ack), 'pass');
  });

  test('the rules of both ends are asked about who really speaks', () => {
    const node = new Node();
    const closed = { isEnforced: true, segments: [] };
    world.setPolicy(node, ANNA, { ...world.OPEN_POLICY, ingress: closed }, 2);
    const denied = node.to(ANNA, BERT.ipv4, tcp(5000, 80, syn), BY_BERT);
    assert.equal(denied, `drop: ${describeDropReason(DropReason.PolicyDenied).name}`);
  });

  test('nobody else brings an endpoint’s address, whichever way it comes', () => {
    const node = new Node();
    const NOBODY = 999;
    for (const ingressIfindex of [0, UPLINK_INTERFACE, ANNA.interfaceIndex, NOBODY]) {
      assert.equal(node.to(ANNA, BERT.ipv4, udp(1, 2), { ingressIfindex }), FORGED);
    }
  });
});
