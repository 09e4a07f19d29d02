/**
 * Tables that endpoints can fill with what is really theirs: connections, and ports of the node.
 * Who gives way loses its entry, and never gets a verdict that policy does not give.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canUseBpf } from '@skep/bpf';
import { CONNECTIONS_MAX, DropReason, TRANSLATIONS_MAX } from '@skep/contract';
import { codecOf, type MapDeclaration, TcAction, u32 } from '@skep/ebpf';
import { TcpFlag } from '@skep/wire';
import { connections, translations } from './maps.ts';
import { KernelEngine } from './trial/kernel-engine.ts';
import { closePolicy, observe } from './trial/observe.ts';
import { arriving, leaving, returning, sent, tcp, udp } from './trial/packet-case.ts';
import { ANNA, setUp, setUpUplink, UPLINK_ADDRESS, WORLD_ADDRESS } from './trial/world.ts';

const { SYN, ACK } = TcpFlag;
const skip = canUseBpf() ?? false;
const SOURCE_PORT_AT = 34;

/**
 * As if an endpoint had begun more flows than there is room for, until those that were there have
 * given way. What another CPU has begun last may be passed over for long: that goes by hand.
 */
function fill(engine: KernelEngine, map: MapDeclaration, limit: number): void {
  const all = engine.entries(map);
  const { key, value } = all[0]!;
  const other = key.slice();
  for (let index = 1; index <= 2 * limit; index++) {
    other.set(codecOf(u32).encode(index));
    engine.update(map, other, value);
  }
  assert.ok(engine.entries(map).length <= limit);
  for (const each of all) engine.delete(map, each.key);
}

test('a connection that gives way: TCP ends, UDP is decided anew', { skip }, (context) => {
  const engine = new KernelEngine();
  context.after(() => engine.close());
  setUp(engine);
  const from = (frame: Uint8Array): number => observe(engine, 'from', ANNA, frame).action;
  const to = (frame: Uint8Array): number => observe(engine, 'to', ANNA, frame).action;
  const out = (flags: number, port = 40_000) => sent(ANNA, WORLD_ADDRESS, tcp(port, 80, flags));
  const back = (flags: number, port = 40_000) =>
    arriving(WORLD_ADDRESS, ANNA, tcp(80, port, flags));
  const asked = sent(ANNA, WORLD_ADDRESS, udp(40_000, 53));
  const answered = arriving(WORLD_ADDRESS, ANNA, udp(53, 40_000));
  const connect = (port: number): void => {
    assert.equal(from(out(SYN, port)), TcAction.Pass);
    assert.equal(to(back(SYN | ACK, port)), TcAction.Pass);
    assert.equal(from(out(ACK, port)), TcAction.Pass);
  };
  connect(40_000);
  for (const frame of [asked, asked]) {
    assert.equal(from(frame), TcAction.Pass);
    assert.equal(to(answered), TcAction.Pass);
  }
  assert.equal(from(asked), TcAction.Pass);
  assert.equal(engine.entries(connections).length, 2);

  fill(engine, connections, CONNECTIONS_MAX);
  // Nobody could say who opened it: both ends are told nothing, and time out.
  for (const [hook, frame] of [
    ['from', out(ACK)],
    ['to', back(ACK)],
  ] as const) {
    const { reasons } = observe(engine, hook, ANNA, frame);
    assert.deepEqual(reasons, [DropReason.UnknownConnectionState], hook);
  }
  assert.equal(from(asked), TcAction.Pass, 'a datagram begins a flow');
  // The table is as full as before, and takes the next one.
  connect(40_001);
  closePolicy(engine, ANNA, 2);
  assert.equal(from(asked), TcAction.Drop, 'and does not where policy has changed');
  assert.equal(from(out(SYN, 40_002)), TcAction.Drop);
});

test('a masqueraded flow that gives way gets a port again', { skip }, (context) => {
  const engine = new KernelEngine();
  context.after(() => engine.close());
  setUp(engine);
  setUpUplink(engine, 4096);
  const asked = leaving(ANNA.ipv4, WORLD_ADDRESS, udp(40_000, 53));
  const leave = (): number => {
    const { packet } = engine.carryAtUplink('to network', asked);
    return packet ? new DataView(packet.buffer, packet.byteOffset).getUint16(SOURCE_PORT_AT) : 0;
  };
  const comeBack = (port: number): Uint8Array => {
    const answer = returning(WORLD_ADDRESS, UPLINK_ADDRESS, udp(53, port));
    return engine.carryAtUplink('from network', answer).packet!;
  };
  const port = leave();
  const turned = comeBack(port);
  assert.equal(leave(), port);
  assert.equal(engine.entries(translations).length, 2);

  fill(engine, translations, TRANSLATIONS_MAX);
  const lost = returning(WORLD_ADDRESS, UPLINK_ADDRESS, udp(53, port));
  assert.deepEqual(comeBack(port), lost, "an answer to who has no row is the node's own");
  assert.equal(leave(), port, 'where nobody else has it, it is the port of before');
  assert.deepEqual(comeBack(port), turned);
});
