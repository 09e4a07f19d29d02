/** Programs here only count: what they look at goes on as before. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { programKinds } from '@skep/ebpf';
import { connectSocket } from '@skep/sys';
import { createMap } from './open-map.ts';
import { canTraceFunctions } from './permission.ts';
import { loadProgram } from './program.ts';
import { cannotUseBpf, counterShape, counting, returning } from './testing/programs.ts';
import { local, newListener, newSocket } from './testing/sockets.ts';
import { attachTracing, attachUserFunction, hasActiveBpfModule } from './tracing.ts';

type Kind = 'tracepoint' | 'rawTracepoint' | 'functionEntry' | 'functionExit' | 'securityHook';

/** Attaches a program that counts; gives how often it ran during `task`. */
function runsDuring(t: TestContext, kind: Kind, target: string, task: () => void): number {
  const map = createMap(counterShape);
  t.after(() => map.close());
  const { programType, attachType } = programKinds[kind] as {
    programType: number;
    attachType?: number;
  };
  const object = {
    ...counting(programType, 0, counterShape),
    ...(attachType === undefined ? {} : { attachType }),
    attachTarget: target,
  };
  const program = loadProgram(object, { maps: { counter: map } });
  t.after(() => program.close());
  const link = attachTracing(program);
  const runs = () =>
    Number(new DataView(map.lookup(new Uint8Array(4))!.buffer).getBigUint64(0, true));
  const before = runs();
  task();
  const after = runs();
  link.close();
  const ended = runs();
  task();
  // Others on this machine may be counted as well, but not after the end.
  assert.equal(runs(), ended, 'after the link was closed');
  return after - before;
}

/** Why the kernel takes no programs at its functions; false where it does. */
const refusal = cannotUseBpf || (canTraceFunctions() ?? false);

function connect(t: TestContext): void {
  const { port } = newListener(t);
  connectSocket(newSocket(t, 'STREAM'), local(port));
}

describe('tracepoints', { skip: cannotUseBpf }, () => {
  for (const [kind, target] of [
    ['tracepoint', 'sock/inet_sock_set_state'],
    ['rawTracepoint', 'inet_sock_set_state'],
  ] as const) {
    test(`${kind}: a connection is seen, until the link is closed`, (t) => {
      assert.ok(runsDuring(t, kind, target, () => connect(t)) >= 2);
    });
  }

  test('one that there is not is refused by name', (t) => {
    const object = {
      ...returning(programKinds.tracepoint.programType, 0),
      attachTarget: 'sock/no',
    };
    const program = loadProgram(object);
    t.after(() => program.close());
    assert.throws(() => attachTracing(program), /open tracepoint sock\/no: no such events/);
  });

  test('a program of another kind is refused', (t) => {
    const program = loadProgram(returning(programKinds.xdp.programType, 2));
    t.after(() => program.close());
    assert.throws(() => attachTracing(program), /type 6, expected the context of a tracepoint/);
  });
});

/** The C library that this process runs with. */
function ownLibrary(): string | undefined {
  return /\S+\/libc\.so\.6$/m.exec(readFileSync('/proc/self/maps', 'utf8'))?.[0];
}

const library = cannotUseBpf ? undefined : ownLibrary();
const noLibrary = cannotUseBpf || (library === undefined ? 'node has no libc.so.6 here' : false);
describe('functions of processes', { skip: noLibrary }, () => {
  for (const isReturn of [false, true]) {
    test(`${isReturn ? 'return' : 'entry'}: each call is counted, until it is closed`, (t) => {
      const map = createMap(counterShape);
      const object = counting(programKinds.userFunction.programType, 0, counterShape);
      const program = loadProgram(object, { maps: { counter: map } });
      t.after(() => [program, map].forEach((each) => void each.close()));
      const link = attachUserFunction({
        program,
        path: library!,
        function: 'getppid',
        processId: process.pid,
        isReturn,
      });
      const runs = () => map.lookup(new Uint8Array(4))![0];
      for (let call = 0; call < 3; call++) assert.ok(process.ppid > 0);
      assert.equal(runs(), 3);
      link.close();
      assert.ok(process.ppid > 0);
      assert.equal(runs(), 3);
    });
  }

  test('a function that there is not is refused by name', (t) => {
    const program = loadProgram(returning(programKinds.userFunction.programType, 0));
    t.after(() => program.close());
    const place = { program, path: library!, function: 'no_such_function' };
    assert.throws(() => attachUserFunction(place), /no_such_function in .*: no such function/);
  });
});

describe('functions of the kernel', { skip: refusal }, () => {
  for (const kind of ['functionEntry', 'functionExit'] as const) {
    test(`${kind}: a connection is seen`, (t) => {
      assert.ok(runsDuring(t, kind, 'tcp_v4_connect', () => connect(t)) >= 1);
    });
  }

  test('a function that there is not is refused by name', () => {
    const { programType, attachType } = programKinds.functionEntry;
    const object = { ...returning(programType, 0), attachType, attachTarget: 'no_such_function' };
    assert.throws(() => loadProgram(object), /no function no_such_function in the kernel's btf/);
  });
});

const isInactive = refusal || (hasActiveBpfModule() ? false : 'bpf is no active security module');
describe('security hooks', { skip: isInactive }, () => {
  test('a connection is seen', (t) => {
    assert.ok(runsDuring(t, 'securityHook', 'socket_connect', () => connect(t)) >= 1);
  });
});
