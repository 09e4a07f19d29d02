/** Attaches to sockets and namespaces of its own only; all traffic is on loopback. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { asm, r0, r1 } from '@skep/bytecode';
import { contextShapes, SocketHash, SocketMap, Struct, u32 } from '@skep/ebpf';
import {
  bindSocket,
  connectSocket,
  inNetworkNamespace,
  MessageFlag,
  receiveBytes,
  receiveFrom,
  sendBytes,
  setSocketOption,
  SocketLevel,
  SocketOption,
} from '@skep/sys';
import { hasFeature } from './features.ts';
import { attachNetkit } from './netkit.ts';
import { probeProgram } from './probe.ts';
import { loadProgram } from './program.ts';
import { attachReuseport, attachSocketFilter } from './socket-attach.ts';
import { attachSocketLookup } from './socket-lookup.ts';
import { openSocketMap } from './socket-map.ts';
import { attachSocketMap } from './socket-map-attach.ts';
import { arrives, ending, errnoOf, word } from './testing/kinds.ts';
import { newLoopback, newPair } from './testing/network.ts';
import { cannotUse, cannotUseBpf } from './testing/programs.ts';
import { local, newConnection, newListener, newSocket, portOf } from './testing/sockets.ts';
import { attachXdp } from './xdp.ts';

describe('socket maps', { skip: cannotUseBpf }, () => {
  for (const mechanism of ['link', 'map'] as const) {
    const skip = mechanism === 'link' && cannotUse('socket map link');
    test(`${mechanism}: what a message program drops, its process cannot send`, { skip }, (t) => {
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
    if (hasFeature('socket map link')) assert.equal(link?.info().target.kind, 'socketMap');
    const { near, far } = inNetworkNamespace(namespace, () => newConnection(t));
    sockets.update({ number: 7 }, far);
    assert.deepEqual([...sockets.keys()], [{ number: 7 }]);
    sendBytes(near, word);
    assert.equal(receiveBytes(far, new Uint8Array(8), MessageFlag.DONTWAIT), undefined);
  });

  test('a parser says where messages end, and a verdict what becomes of them', (t) => {
    const namespace = newLoopback(t);
    if (!namespace) return;
    const sockets = openSocketMap(new SocketMap({ name: 'sockets', maxEntries: 2 }));
    t.after(() => sockets.close());
    const { programType, facts } = contextShapes.StreamParserContext!;
    // All that there is, is one message: the first field of the context is its length.
    const code = [asm.load(4, r0, r1, 0), asm.exit()];
    const object = { ...probeProgram(programType, code), attachType: facts.attachType! };
    const parser = loadProgram(object);
    t.after(() => parser.close());
    attachSocketMap(parser, sockets.map);
    attachSocketMap(ending(t, 'StreamVerdictContext', 0), sockets.map);
    const { near, far } = inNetworkNamespace(namespace, () => newConnection(t));
    sockets.update(0, far);
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
