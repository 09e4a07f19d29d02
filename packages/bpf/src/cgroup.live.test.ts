/** Attaches to control groups of its own only; all traffic is on loopback. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { asm, r0, r1, r2 } from '@skep/bytecode';
import { contextShapes } from '@skep/ebpf';
import {
  acceptSocket,
  bindSocket,
  connectSocket,
  decodeInternetAddress,
  inCgroup,
  inNetworkNamespace,
  peerAddress,
  receiveFrom,
  sendBytes,
} from '@skep/sys';
import { attachCgroup } from './cgroup.ts';
import { probeProgram } from './probe.ts';
import { loadProgram, type Program } from './program.ts';
import { arrives, ending, errnoOf, word } from './testing/kinds.ts';
import { newLoopback } from './testing/network.ts';
import { cannotUseBpf } from './testing/programs.ts';
import { local, newCgroup, newListener, newSocket, portOf } from './testing/sockets.ts';

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

  /** Puts a port in the place of the one in the context, and allows. */
  function rewriting(t: TestContext, name: string, port: number): Program {
    const { programType, facts, fields } = contextShapes[name]!;
    const code = [
      asm.mov64(r2, ((port & 0xff) << 8) | (port >> 8)),
      asm.store(4, r1, fields.userPort!.offset, r2),
      asm.mov64(r0, 1),
      asm.exit(),
    ];
    const program = loadProgram({
      ...probeProgram(programType, code),
      attachType: facts.attachType!,
    });
    t.after(() => program.close());
    return program;
  }

  test('a program sends connections and datagrams elsewhere, and says that it did not', (t) => {
    const namespace = newLoopback(t);
    if (!namespace) return;
    const group = newCgroup(t);
    inNetworkNamespace(namespace, () => {
      const { socket: listener, port } = newListener(t);
      const receiver = newSocket(t, 'DGRAM');
      bindSocket(receiver, local(0));
      const attach = (name: string, to: number): void => {
        const link = attachCgroup(rewriting(t, name, to), group);
        t.after(() => link.close());
      };
      attach('Connect4Context', port);
      attach('Getpeername4Context', 80);
      attach('Getsockname4Context', 81);
      attach('Sendmsg4Context', portOf(receiver));
      attach('Recvmsg4Context', 53);
      const make = (type: 'STREAM' | 'DGRAM') => inCgroup(group, () => newSocket(t, type));
      const [client, talker] = [make('STREAM'), make('DGRAM')];
      connectSocket(client, local(9));
      acceptSocket(listener)!.close();
      assert.equal(decodeInternetAddress(peerAddress(client)).port, 80);
      assert.equal(portOf(client), 81);
      sendBytes(talker, word, local(9));
      const { length, address } = receiveFrom(receiver, new Uint8Array(8));
      assert.equal(length, word.length);
      sendBytes(receiver, word, address);
      const answer = receiveFrom(talker, new Uint8Array(8));
      assert.equal(decodeInternetAddress(answer.address).port, 53);
    });
  });

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
