import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FlowFilter, FlowView } from '../views.ts';
import { FlowLog, matches } from './flow-log.ts';

/** As many as the log keeps. */
const KEPT = 4096;

/** Anna asks port 80 of bert; `count` tells flows apart. */
function flowOf(count: number, changes: Partial<FlowView> = {}): FlowView {
  return {
    time: '2026-01-02T03:04:05.678Z',
    verdict: 'forwarded',
    source: { address: '10.0.0.1', port: 40_000, identity: 256, name: 'shop/anna' },
    destination: { address: '10.0.0.2', port: 80, identity: 257, name: 'shop/bert' },
    protocol: 'TCP',
    isReply: false,
    isNew: true,
    rules: [],
    lengthBytes: 74,
    count,
    ...changes,
  };
}

function countsOf(flows: readonly FlowView[]): number[] {
  return flows.map((flow) => flow.count);
}

describe('which flows are wanted', () => {
  const cases: { filter: FlowFilter; isWanted: boolean }[] = [
    { filter: {}, isWanted: true },
    { filter: { endpoint: 'shop/anna' }, isWanted: true },
    { filter: { endpoint: 'shop/bert' }, isWanted: true },
    { filter: { endpoint: 'bert' }, isWanted: true },
    { filter: { endpoint: 'ert' }, isWanted: false },
    { filter: { endpoint: 'shop' }, isWanted: false },
    { filter: { endpoint: 'other/bert' }, isWanted: false },
    { filter: { verdict: 'forwarded' }, isWanted: true },
    { filter: { verdict: 'dropped' }, isWanted: false },
    { filter: { port: 80 }, isWanted: true },
    { filter: { port: 40_000 }, isWanted: true },
    { filter: { port: 0 }, isWanted: false },
    { filter: { protocol: 'tcp' }, isWanted: true },
    { filter: { protocol: 'UDP' }, isWanted: false },
    {
      filter: { endpoint: 'anna', port: 80, protocol: 'TCP', verdict: 'forwarded' },
      isWanted: true,
    },
    { filter: { endpoint: 'anna', port: 81 }, isWanted: false },
  ];
  for (const { filter, isWanted } of cases) {
    test(`${JSON.stringify(filter)}: ${isWanted ? 'yes' : 'no'}`, () => {
      assert.equal(matches(flowOf(1), filter), isWanted);
    });
  }

  test('a flow without ports is not that of any port', () => {
    const end = { address: '10.0.0.1', identity: 256, name: 'shop/anna' };
    const ping = flowOf(1, { protocol: 'ICMP', source: end, destination: end });
    assert.equal(matches(ping, { port: 0 }), false);
  });
});

describe('flows that the node remembers', () => {
  test('nothing, at first', () => {
    assert.deepEqual(new FlowLog().recent({}), []);
    assert.deepEqual(new FlowLog().recent({}, 5), []);
  });

  test('oldest first; of many, the newest that are wanted', () => {
    const log = new FlowLog();
    for (let count = 1; count <= 6; count++) {
      log.push(flowOf(count, { verdict: count % 2 === 0 ? 'dropped' : 'forwarded' }));
    }
    assert.deepEqual(countsOf(log.recent({})), [1, 2, 3, 4, 5, 6]);
    assert.deepEqual(countsOf(log.recent({}, 2)), [5, 6]);
    assert.deepEqual(countsOf(log.recent({}, 0)), []);
    assert.deepEqual(countsOf(log.recent({}, 100)), [1, 2, 3, 4, 5, 6]);
    assert.deepEqual(countsOf(log.recent({ verdict: 'dropped' }, 2)), [4, 6]);
  });

  for (const extra of [-1, 0, 1, 10, KEPT, KEPT + 7]) {
    test(`${KEPT + extra} flows: at most ${KEPT} are kept, the newest, in order`, () => {
      const log = new FlowLog();
      const total = KEPT + extra;
      for (let count = 1; count <= total; count++) log.push(flowOf(count));
      const first = Math.max(1, total - KEPT + 1);
      const expected = Array.from({ length: total - first + 1 }, (_, index) => first + index);
      assert.deepEqual(countsOf(log.recent({})), expected);
      assert.deepEqual(countsOf(log.recent({}, 3)), expected.slice(-3));
    });
  }
});

describe('those who follow', () => {
  test('each gets what it wants, from then on and until it stops', () => {
    const log = new FlowLog();
    const [all, dropped]: number[][] = [[], []];
    log.push(flowOf(1));
    const stopAll = log.follow({}, (flow) => all!.push(flow.count));
    log.follow({ verdict: 'dropped' }, (flow) => dropped!.push(flow.count));
    log.push(flowOf(2));
    log.push(flowOf(3, { verdict: 'dropped' }));
    stopAll();
    stopAll();
    log.push(flowOf(4, { verdict: 'dropped' }));
    assert.deepEqual(all, [2, 3]);
    assert.deepEqual(dropped, [3, 4]);
  });

  test('one may stop while it is told', () => {
    const log = new FlowLog();
    const [first, second]: number[][] = [[], []];
    const stop = log.follow({}, (flow) => {
      first!.push(flow.count);
      stop();
    });
    log.follow({}, (flow) => second!.push(flow.count));
    log.push(flowOf(1));
    log.push(flowOf(2));
    assert.deepEqual([first, second], [[1], [1, 2]]);
  });

  test('the same function may follow twice, and stops one at a time', () => {
    const log = new FlowLog();
    const seen: number[] = [];
    const onFlow = (flow: FlowView): void => void seen.push(flow.count);
    const stop = log.follow({}, onFlow);
    log.follow({}, onFlow);
    log.push(flowOf(1));
    stop();
    log.push(flowOf(2));
    assert.deepEqual(seen, [1, 1, 2]);
  });
});
