/** Attaches in namespaces and control groups of its own only; all traffic is on loopback. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import {
  BloomFilter,
  CgroupStorage,
  CpuMap,
  contextShapes,
  DeviceHash,
  DeviceMap,
  PushFlag,
  Queue,
  SocketHash,
  SocketMap,
  SocketStorage,
  Stack,
  Struct,
  u32,
  XskMap,
} from '@skep/ebpf';
import {
  bindSocket,
  connectSocket,
  type Fd,
  inCgroup,
  inNetworkNamespace,
  type KernelError,
  MessageFlag,
  receiveBytes,
  receiveFrom,
  sendBytes,
  setSocketOption,
  SocketLevel,
  SocketOption,
} from '@skep/sys';
import { attachCgroup } from './cgroup.ts';
import { attachNetkit } from './netkit.ts';
import { hasFeature, hasMapKind } from './features.ts';
import { loadProgram, type Program } from './program.ts';
import { openBloomFilter, openQueue } from './queue.ts';
import { attachReuseport, attachSocketFilter } from './socket-attach.ts';
import { attachSocketLookup } from './socket-lookup.ts';
import { openSocketMap } from './socket-map.ts';
import { attachSocketMap } from './socket-map-attach.ts';
import { openMap } from './table.ts';
import { newLoopback, newPair } from './testing/network.ts';
import { newPinDirectory } from './testing/pins.ts';
import { cannotUseBpf, returning } from './testing/programs.ts';
import {
  local,
  newCgroup,
  newConnection,
  newListener,
  newSocket,
  portOf,
} from './testing/sockets.ts';
import { attachXdp } from './xdp.ts';

/** The smallest program with a context, which returns one result. */
function ending(context: TestContext, name: string, result: number): Program {
  const { programType, facts } = contextShapes[name]!;
  const { attachType } = facts;
  const options = attachType === undefined ? {} : { attachType };
  const program = loadProgram(returning(programType, result), options);
  context.after(() => program.close());
  return program;
}

function errnoOf(task: () => unknown): string | undefined {
  try {
    task();
    return undefined;
  } catch (error) {
    return (error as KernelError).errnoName;
  }
}

const word = Uint8Array.of(1, 2, 3, 4);

/** Whether a datagram from one socket to another arrives. */
function arrives(from: Fd<'socket'>, to: Fd<'socket'>): boolean {
  sendBytes(from, word, local(portOf(to)));
  return receiveBytes(to, new Uint8Array(8), MessageFlag.DONTWAIT) === word.length;
}

describe('control groups', { skip: cannotUseBpf }, () => {
  const denied = [
    { hook: 'Connect4Context', act: connectAway },
    { hook: 'Bind4Context', act: (t: TestContext) => bindSocket(newSocket(t, 'DGRAM'), local(0)) },
    { hook: 'PostBind4Context', act: (t: TestContext) => void newListener(t) },
    { hook: 'SocketCreateContext', act: (t: TestContext) => void newSocket(t, 'DGRAM') },
    {
      hook: 'Sendmsg4Context',
      act: (t: TestContext) => void sendBytes(newSocket(t, 'DGRAM'), word, local(9)),
    },
    {
      hook: 'CgroupEgressContext',
      act: (t: TestContext) => void sendBytes(newSocket(t, 'DGRAM'), word, local(9)),
    },
  ];
  for (const { hook, act } of denied) {
    test(`${hook} denies in its group, until its link is closed`, (t) => {
      const namespace = newLoopback(t);
      if (!namespace) return;
      const group = newCgroup(t);
      const link = attachCgroup(ending(t, hook, 0), group);
      const inside = () => inNetworkNamespace(namespace, () => inCgroup(group, () => act(t)));
      assert.equal(errnoOf(inside), 'EPERM');
      assert.equal(
        errnoOf(() => inNetworkNamespace(namespace, () => act(t))),
        undefined,
        'outside of the group',
      );
      link.close();
      assert.equal(errnoOf(inside), undefined, 'after the link was closed');
    });
  }

  function connectAway(t: TestContext): void {
    const { port } = newListener(t);
    connectSocket(newSocket(t, 'STREAM'), local(port));
  }

  test('a packet that ingress denies is not received', (t) => {
    const namespace = newLoopback(t);
    if (!namespace) return;
    const group = newCgroup(t);
    const link = attachCgroup(ending(t, 'CgroupIngressContext', 0), group);
    inNetworkNamespace(namespace, () => {
      const receiver = inCgroup(group, () => newSocket(t, 'DGRAM'));
      bindSocket(receiver, local(0));
      const sender = newSocket(t, 'DGRAM');
      assert.equal(arrives(sender, receiver), false);
      link.close();
      assert.equal(arrives(sender, receiver), true);
    });
  });

  test('a program of another kind is refused by its name', (t) => {
    const program = ending(t, 'XdpContext', 1);
    assert.throws(
      () => attachCgroup(program, '/'),
      /type 6, expected the context of a cgroup hook \(.*connect4/,
    );
  });

  test('every hook of a control group takes a program of its context', (t) => {
    const group = newCgroup(t);
    const names = Object.entries(contextShapes).filter(([, { programType }]) =>
      [8, 9, 13, 18].includes(programType),
    );
    assert.equal(names.length, 19);
    for (const [name, { facts }] of names) {
      const link = attachCgroup(ending(t, name, 1), group);
      const { target } = link.info();
      assert.equal(target.kind === 'cgroup' && target.attachType, facts.attachType, name);
      link.close();
    }
  });
});

describe('socket maps', { skip: cannotUseBpf }, () => {
  for (const mechanism of ['link', 'map'] as const) {
    test(`${mechanism}: what a message program drops, its process cannot send`, (t) => {
      const namespace = newLoopback(t);
      if (!namespace) return;
      const sockets = openSocketMap(new SocketMap({ name: 'sockets', maxEntries: 2 }));
      t.after(() => sockets.close());
      const attachment = attachSocketMap(ending(t, 'MessageContext', 0), sockets.map, mechanism);
      assert.equal(attachment.link !== undefined, mechanism === 'link');
      const { near, far } = inNetworkNamespace(namespace, () => newConnection(t));
      sendBytes(near, word);
      sockets.update(1, near);
      assert.equal(typeof sockets.cookie(1), 'bigint');
      assert.equal(sockets.cookie(0), undefined);
      assert.equal(
        errnoOf(() => sendBytes(near, word)),
        'EACCES',
      );
      assert.equal(sockets.delete(1), true);
      sendBytes(near, word);
      assert.equal(receiveBytes(far, new Uint8Array(16)), 8);
      attachment.detach();
      sockets.update(1, near);
      sendBytes(near, word);
      assert.equal(receiveBytes(far, new Uint8Array(16)), 4);
    });
  }

  test('a verdict of data that arrives; a map takes one with or one without a parser', (t) => {
    const namespace = newLoopback(t);
    if (!namespace) return;
    const key = class extends Struct({ number: u32 }) {};
    const sockets = openSocketMap(new SocketHash({ name: 'streams', key, maxEntries: 2 }));
    t.after(() => sockets.close());
    const { link } = attachSocketMap(ending(t, 'SkbVerdictContext', 0), sockets.map);
    assert.equal(
      errnoOf(() => attachSocketMap(ending(t, 'StreamVerdictContext', 1), sockets.map)),
      'EBUSY',
    );
    assert.equal(link?.info().target.kind, 'socketMap');
    const { near, far } = inNetworkNamespace(namespace, () => newConnection(t));
    sockets.update({ number: 7 }, far);
    assert.deepEqual([...sockets.keys()], [{ number: 7 }]);
    sendBytes(near, word);
    assert.equal(receiveBytes(far, new Uint8Array(8), MessageFlag.DONTWAIT), undefined);
  });

  test('a program of another kind is refused', (t) => {
    const sockets = openSocketMap(new SocketMap({ name: 'sockets', maxEntries: 2 }));
    t.after(() => sockets.close());
    const program = ending(t, 'XdpContext', 1);
    assert.throws(() => attachSocketMap(program, sockets.map), /expected the context of a stream/);
  });
});

describe('single sockets and lookups', { skip: cannotUseBpf }, () => {
  test('a socket lookup program that drops lets no connection in', (t) => {
    const namespace = newLoopback(t);
    if (!namespace) return;
    const link = attachSocketLookup(ending(t, 'SocketLookupContext', 0), namespace);
    assert.equal(link.info().target.kind, 'namespace');
    inNetworkNamespace(namespace, () => {
      const { port } = newListener(t);
      const connect = () => connectSocket(newSocket(t, 'STREAM'), local(port));
      assert.equal(errnoOf(connect), 'ECONNREFUSED');
      link.close();
      assert.equal(errnoOf(connect), undefined);
    });
  });

  test('a socket filter decides how much of a packet the socket sees', (t) => {
    const namespace = newLoopback(t);
    if (!namespace) return;
    inNetworkNamespace(namespace, () => {
      const [sender, receiver] = [newSocket(t, 'DGRAM'), newSocket(t, 'DGRAM')];
      bindSocket(receiver, local(0));
      attachSocketFilter(ending(t, 'SocketFilterContext', 0), receiver);
      assert.equal(arrives(sender, receiver), false);
      const { detach } = attachSocketFilter(ending(t, 'SocketFilterContext', 10), receiver);
      sendBytes(sender, word, local(portOf(receiver)));
      assert.equal(receiveFrom(receiver, new Uint8Array(8)).length, 2, 'of 8 + 4 bytes, 10');
      detach();
      assert.equal(arrives(sender, receiver), true);
    });
  });

  test('a group of sockets lets no packet in when its program drops', (t) => {
    const namespace = newLoopback(t);
    if (!namespace) return;
    inNetworkNamespace(namespace, () => {
      const [sender, receiver] = [newSocket(t, 'DGRAM'), newSocket(t, 'DGRAM')];
      const program = ending(t, 'ReuseportContext', 0);
      assert.equal(
        errnoOf(() => attachReuseport(program, receiver)),
        'EINVAL',
      );
      setSocketOption(receiver, SocketLevel.SOCKET, SocketOption.REUSEPORT, 1);
      bindSocket(receiver, local(0));
      attachReuseport(program, receiver);
      assert.equal(arrives(sender, receiver), false);
      attachReuseport(ending(t, 'ReuseportContext', 1), receiver);
      assert.equal(arrives(sender, receiver), true);
    });
  });
});

describe('maps without keys', { skip: cannotUseBpf }, () => {
  class Job extends Struct({ kind: u32, size: u32 }) {}

  test('a queue gives the oldest, a stack the newest', (t) => {
    const queue = openQueue(new Queue({ name: 'queue', value: Job, maxEntries: 2 }));
    const stack = openQueue(new Stack({ name: 'stack', value: Job, maxEntries: 2 }));
    t.after(() => [queue, stack].forEach((each) => void each.close()));
    for (const each of [queue, stack]) {
      each.push({ kind: 1, size: 10 });
      each.push({ kind: 2, size: 20 });
      assert.equal(
        errnoOf(() => each.push({ kind: 3, size: 30 })),
        'E2BIG',
      );
      each.push({ kind: 3, size: 30 }, PushFlag.Replace);
    }
    assert.deepEqual(queue.peek(), { kind: 2, size: 20 });
    assert.deepEqual([queue.pop()?.kind, queue.pop()?.kind, queue.pop()], [2, 3, undefined]);
    assert.deepEqual([stack.pop()?.kind, stack.pop()?.kind, stack.pop()], [3, 2, undefined]);
  });

  test('a bloom filter never says no to what was added', (t) => {
    const filter = openBloomFilter(new BloomFilter({ name: 'seen', value: u32, maxEntries: 64 }));
    t.after(() => filter.close());
    for (let value = 0; value < 64; value++) filter.add(value);
    const has = (value: number) => filter.has(value);
    const all = Array.from({ length: 64 }, (_, value) => value);
    assert.ok(all.every(has));
    assert.ok(all.filter((value) => has(value + 1000)).length < 32);
  });
});

describe('maps of devices, cpus and storage', { skip: cannotUseBpf }, () => {
  test('interfaces are written and read by their indexes', (t) => {
    const pair = newPair(t);
    if (!pair) return;
    inNetworkNamespace(pair.namespace, () => {
      const ports = openMap(new DeviceMap({ name: 'ports', maxEntries: 4 }));
      const declaration = new DeviceHash({ name: 'uplinks', maxEntries: 4 });
      const pinPath = `${newPinDirectory(t)}/uplinks`;
      const uplinks = openMap(declaration, { pinPath });
      openMap(declaration, { pinPath }).close();
      t.after(() => [ports, uplinks].forEach((each) => void each.close()));
      ports.update(2, pair.near);
      uplinks.update(77, pair.far);
      assert.equal(ports.lookup(2), pair.near);
      assert.deepEqual([...uplinks.entries()], [[77, pair.far]]);
      assert.equal(
        errnoOf(() => ports.update(1, 9999)),
        'EINVAL',
      );
    });
  });

  test('a cpu map has a thread for each cpu that is put in', (t) => {
    const cpus = openMap(new CpuMap({ name: 'cpus', maxEntries: 1 }));
    t.after(() => cpus.close());
    cpus.update(0, 64);
    assert.equal(cpus.lookup(0), 64);
  });

  test('a value belongs to a socket', (t) => {
    const own = openMap(new SocketStorage({ name: 'own', value: u32 }));
    t.after(() => own.close());
    const socket = newSocket(t, 'DGRAM');
    assert.equal(own.lookup(socket.number), undefined);
    own.update(socket.number, 5);
    assert.equal(own.lookup(socket.number), 5);
    assert.equal(own.delete(socket.number), true);
  });

  test('the kernel makes every kind', (t) => {
    const sockets = openSocketMap(new XskMap({ name: 'sockets', maxEntries: 2 }));
    const perGroup = openMap(new CgroupStorage({ name: 'per_group', value: u32 }));
    t.after(() => [sockets, perGroup].forEach((each) => void each.close()));
    for (const kind of ['queue', 'bloomFilter', 'socketStorage', 'cpuMap', 'xskMap'] as const) {
      assert.equal(hasMapKind(kind), true, kind);
    }
  });
});

describe('what is refused clearly', { skip: cannotUseBpf }, () => {
  test('xdp offload to a card that cannot', (t) => {
    const pair = newPair(t);
    if (!pair) return;
    const program = ending(t, 'XdpContext', 2);
    inNetworkNamespace(pair.namespace, () =>
      assert.throws(
        () => attachXdp({ program, ifindex: pair.near, mode: 'offload' }),
        /^UnsupportedFeatureError: xdp offload: the card behind interface \d+ runs no programs/,
      ),
    );
  });

  test('netkit, by the probe or by the device', (t) => {
    const pair = newPair(t);
    if (!pair) return;
    const program = ending(t, 'TcContext', 0);
    const expected = hasFeature('netkit') ? /ENXIO/ : /^UnsupportedFeatureError: netkit: needs/;
    inNetworkNamespace(pair.namespace, () =>
      assert.throws(() => attachNetkit({ program, ifindex: pair.near, end: 'primary' }), expected),
    );
  });
});
