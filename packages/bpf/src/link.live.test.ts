/** Attaches in namespaces and control groups of its own only. */
import assert from 'node:assert/strict';
import { mkdirSync, rmdirSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { TcAction, XdpAction } from '@skep/ebpf';
import {
  BpfAttachType,
  BpfProgramType,
  findCgroupMount,
  inNetworkNamespace,
  type KernelError,
} from '@skep/sys';
import { attachCgroup, CgroupPathError } from './cgroup.ts';
import { listLinks, openPinnedLink } from './link.ts';
import type { BpfMap } from './map.ts';
import { createMap } from './open-map.ts';
import { loadProgram, type Program } from './program.ts';
import { attachTcx, queryTcx } from './tcx.ts';
import { newPair, type Pair, sendFrame } from './testing/network.ts';
import { newPinDirectory } from './testing/pins.ts';
import { cannotUse, cannotUseBpf, counterShape, counting, returning } from './testing/programs.ts';
import {
  attachTc,
  type ClassifierKey,
  type Classifiers,
  type TcMechanism,
} from './traffic-control.ts';
import { attachXdp } from './xdp.ts';

const { XDP, SCHED_CLS, CGROUP_SKB } = BpfProgramType;
const { CGROUP_INET_INGRESS } = BpfAttachType;

/** A program that counts, and how often it ran. */
function counter(t: TestContext, type: number, result: number): [Program, () => number] {
  const map: BpfMap = createMap(counterShape);
  const program = loadProgram(counting(type, result, counterShape), { maps: { counter: map } });
  t.after(() => {
    program.close();
    map.close();
  });
  return [program, () => map.lookup(new Uint8Array(4))?.[0] ?? 0];
}

/** Runs once for each frame sent out of `near`, as `far` receives it. */
function runsForFrame(pair: Pair, count: () => number): number {
  const before = count();
  sendFrame(pair, pair.near);
  return count() - before;
}

describe('xdp', { skip: cannotUseBpf }, () => {
  for (const mode of ['native', 'generic'] as const) {
    test(`${mode}: it runs for each packet until the link is closed`, (t) => {
      const pair = newPair(t);
      if (!pair) return;
      const [program, count] = counter(t, XDP, XdpAction.Drop);
      const attached = inNetworkNamespace(pair.namespace, () =>
        attachXdp({ program, ifindex: pair.far, mode }),
      );
      assert.equal(attached.mode, mode);
      assert.equal(runsForFrame(pair, count), 1);
      assert.deepEqual(attached.link.info().target, { kind: 'xdp', ifindex: pair.far });
      attached.link.close();
      assert.equal(runsForFrame(pair, count), 0);
    });
  }

  test('another program takes its place, a third one may not', (t) => {
    const pair = newPair(t);
    if (!pair) return;
    const [first, firstCount] = counter(t, XDP, XdpAction.Pass);
    const [second, secondCount] = counter(t, XDP, XdpAction.Pass);
    const { link } = inNetworkNamespace(pair.namespace, () =>
      attachXdp({ program: first, ifindex: pair.far }),
    );
    t.after(() => link.close());
    link.update(second, first);
    assert.equal(runsForFrame(pair, firstCount), 0);
    assert.equal(runsForFrame(pair, secondCount), 1);
    assert.throws(
      () => link.update(first, first),
      (error: KernelError) => error.errnoName === 'EPERM',
    );
    assert.throws(
      () =>
        inNetworkNamespace(pair.namespace, () => attachXdp({ program: first, ifindex: pair.far })),
      /attach xdp program trial: interface \d+, native mode: EBUSY/,
    );
  });
});

describe('tcx', { skip: cannotUse('tcx') }, () => {
  test('programs run in the order in which they were placed', (t) => {
    const pair = newPair(t);
    if (!pair) return;
    const programs = [1, 2, 3].map(() => counter(t, SCHED_CLS, TcAction.Next));
    const [middle, first, last] = programs.map(([program]) => program);
    inNetworkNamespace(pair.namespace, () => {
      const where = { ifindex: pair.far, direction: 'ingress' } as const;
      assert.deepEqual(queryTcx(pair.far, 'ingress').programs, []);
      const link = attachTcx({ program: middle!, ...where });
      const before = attachTcx({ program: first!, ...where, position: { before: link } });
      const after = attachTcx({ program: last!, ...where, position: 'last' });
      t.after(() => [link, before, after].forEach((each) => void each.close()));
      const { programs: order, revision } = queryTcx(pair.far, 'ingress');
      assert.deepEqual(
        order.map(({ programId }) => programId),
        [first, middle, last].map((program) => program!.info().id),
      );
      assert.equal(order[1]?.linkId, link.info().id);
      assert.throws(
        () => attachTcx({ program: last!, ...where, expectedRevision: revision + 5n }),
        /attach tcx program trial: interface \d+ ingress: ESTALE/,
      );
    });
    for (const [, count] of programs) assert.equal(runsForFrame(pair, count), 1);
  });

  test('a verdict ends the order', (t) => {
    const pair = newPair(t);
    if (!pair) return;
    const [dropping, dropped] = counter(t, SCHED_CLS, TcAction.Drop);
    const [behind, reached] = counter(t, SCHED_CLS, TcAction.Next);
    inNetworkNamespace(pair.namespace, () => {
      for (const program of [dropping, behind]) {
        const link = attachTcx({ program, ifindex: pair.far, direction: 'ingress' });
        t.after(() => link.close());
      }
    });
    assert.equal(runsForFrame(pair, dropped), 1);
    assert.equal(reached(), 0);
  });

  test('a pinned attachment outlives its owner and is taken over without a gap', (t) => {
    const pair = newPair(t);
    if (!pair) return;
    const pinPath = `${newPinDirectory(t)}/ingress`;
    const [first, firstCount] = counter(t, SCHED_CLS, TcAction.Next);
    const [second, secondCount] = counter(t, SCHED_CLS, TcAction.Next);
    const where = { ifindex: pair.far, direction: 'ingress', pinPath } as const;
    const attach = (program: Program) =>
      inNetworkNamespace(pair.namespace, () =>
        attachTc({ program, ...where, classifiers: noClassifiers }),
      );
    attach(first).close();
    assert.equal(runsForFrame(pair, firstCount), 1);
    const { id } = openPinnedLink(pinPath)!.info();
    const again = attach(second);
    assert.equal(again.mechanism, 'tcx');
    assert.equal(runsForFrame(pair, secondCount), 1);
    assert.equal(firstCount(), 1);
    assert.equal(openPinnedLink(pinPath)?.info().id, id, 'the same link, another program');
    again.update(first);
    assert.equal(runsForFrame(pair, firstCount), 1);
    again.detach();
    assert.equal(runsForFrame(pair, firstCount), 0);
    assert.equal(openPinnedLink(pinPath), undefined);
  });

  test('a pin of another interface is replaced', (t) => {
    const pair = newPair(t);
    if (!pair) return;
    const pinPath = `${newPinDirectory(t)}/ingress`;
    const [program, count] = counter(t, SCHED_CLS, TcAction.Next);
    inNetworkNamespace(pair.namespace, () => {
      const options = {
        program,
        direction: 'ingress',
        pinPath,
        classifiers: noClassifiers,
      } as const;
      attachTc({ ...options, ifindex: pair.near }).close();
      attachTc({ ...options, ifindex: pair.far }).close();
      assert.deepEqual(queryTcx(pair.near, 'ingress').programs, []);
    });
    assert.equal(runsForFrame(pair, count), 1);
  });

  test('all links of the machine can be listed', (t) => {
    const pair = newPair(t);
    if (!pair) return;
    const [program] = counter(t, SCHED_CLS, TcAction.Next);
    const link = inNetworkNamespace(pair.namespace, () =>
      attachTcx({ program, ifindex: pair.far, direction: 'egress' }),
    );
    t.after(() => link.close());
    const { id } = link.info();
    const found = listLinks().find((each) => each.id === id);
    assert.deepEqual(found?.target, { kind: 'tcx', ifindex: pair.far, direction: 'egress' });
    assert.equal(found?.programId, program.info().id);
  });
});

const noClassifiers: Classifiers = {
  addClsact: () => assert.fail('asked for clsact'),
  replaceFilter: () => assert.fail('asked for a filter'),
  listFilters: () => assert.fail('asked for filters'),
  removeFilter: () => {},
};

test('without tcx the classifiers are asked', { skip: cannotUseBpf }, (t) => {
  const [program] = counter(t, SCHED_CLS, TcAction.Next);
  const asked: unknown[] = [];
  const classifiers: Classifiers = {
    addClsact: (linkIndex) => asked.push(['clsact', linkIndex]),
    replaceFilter: (filter) => asked.push(['filter', filter]),
    listFilters: () => [],
    removeFilter: (key) => asked.push(['remove', key]),
  };
  const where = { ifindex: 9, direction: 'egress', pinPath: '/nowhere' } as const;
  const attached = attachTc({ program, ...where, classifiers, mechanism: 'clsact' });
  assert.equal(attached.mechanism, 'clsact');
  attached.detach();
  const key = { linkIndex: 9, direction: 'egress', priority: 1, handle: 1 };
  const filter = { ...key, programFd: program.fd.number, name: 'trial' };
  assert.deepEqual(asked, [
    ['clsact', 9],
    ['filter', filter],
    ['remove', key],
  ]);
});

test('each way takes the place of the other', { skip: cannotUse('tcx') }, (t) => {
  const pair = newPair(t);
  if (!pair) return;
  const [program, count] = counter(t, SCHED_CLS, TcAction.Next);
  const filters = new Set<string>();
  const nameOf = ({ direction, priority }: ClassifierKey): string => `${direction} ${priority}`;
  const pinPath = `${newPinDirectory(t)}/ingress`;
  const attach = (mechanism: TcMechanism): void => {
    const classifiers: Classifiers = {
      addClsact: () => {},
      listFilters: () => [],
      replaceFilter: (filter) => {
        assert.equal(openPinnedLink(pinPath) === undefined, !isLinked(), 'the link is still there');
        filters.add(nameOf(filter));
      },
      removeFilter: (key) => {
        assert.equal(isLinked(), true, 'the link is there already');
        filters.delete(nameOf(key));
      },
    };
    const where = { ifindex: pair.far, direction: 'ingress', pinPath, classifiers } as const;
    attachTc({ program, ...where, mechanism }).close();
  };
  const isLinked = (): boolean => queryTcx(pair.far, 'ingress').programs.length > 0;
  inNetworkNamespace(pair.namespace, () => {
    attach('clsact');
    assert.deepEqual([isLinked(), [...filters]], [false, ['ingress 1']]);
    attach('tcx');
    assert.deepEqual([isLinked(), [...filters]], [true, []]);
    attach('clsact');
    assert.deepEqual([isLinked(), [...filters]], [false, ['ingress 1']]);
  });
  assert.equal(openPinnedLink(pinPath), undefined);
  assert.equal(runsForFrame(pair, count), 0);
});

describe('cgroup', { skip: cannotUseBpf }, () => {
  test('a program is attached to a group below the root, and to the root never', (t) => {
    const root = findCgroupMount();
    const path = `${root}/skep-trial-${process.pid}`;
    mkdirSync(path);
    t.after(() => rmdirSync(path));
    const program = loadProgram(returning(CGROUP_SKB, 1), { attachType: CGROUP_INET_INGRESS });
    t.after(() => program.close());
    const link = attachCgroup(program, path);
    const { target, programId } = link.info();
    assert.equal(target.kind, 'cgroup');
    assert.equal(programId, program.info().id);
    link.close();
    assert.throws(() => attachCgroup(program, root), CgroupPathError);
    assert.throws(() => attachCgroup(program, `${path}/..`), CgroupPathError);
    assert.throws(() => attachCgroup(program, '/tmp'), /expected a directory below/);
  });
});
