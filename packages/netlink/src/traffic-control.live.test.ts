import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cannotMakeNamespaces, loadPassProgram, newPair, show } from './testing/sandbox.ts';

const skip = cannotMakeNamespaces;

test('clsact is added once and deleted with its filters', { skip }, (context) => {
  const { left, leftIndex } = newPair(context);
  assert.equal(left.trafficControl.hasClsact(leftIndex), false);
  assert.deepEqual(left.trafficControl.listFilters(leftIndex, 'ingress'), []);
  left.trafficControl.addClsact(leftIndex);
  left.trafficControl.addClsact(leftIndex);
  assert.equal(left.trafficControl.hasClsact(leftIndex), true);
  const kinds = show(left, 'tc', 'qdisc show dev left')?.map(({ kind }) => kind);
  if (kinds) assert.ok(kinds.includes('clsact'));
  left.trafficControl.deleteClsact(leftIndex);
  assert.equal(left.trafficControl.hasClsact(leftIndex), false);
  assert.throws(() => left.trafficControl.deleteClsact(leftIndex), {
    message: /^delete clsact link \d+: /,
  });
});

for (const direction of ['ingress', 'egress'] as const) {
  test(`${direction} filters are added, replaced, listed and deleted`, { skip }, (context) => {
    const { left, leftIndex: linkIndex } = newPair(context);
    const { trafficControl } = left;
    const programFd = loadPassProgram(context).number;
    trafficControl.addClsact(linkIndex);
    const key = { linkIndex, direction, priority: 10, handle: 1 };
    trafficControl.addFilter({ ...key, programFd, name: 'first' });
    assert.throws(() => trafficControl.addFilter({ ...key, programFd, name: 'first' }), {
      message: /^add filter first \(link \d+ .* priority 10 handle 1\): EEXIST/,
    });
    const [before] = trafficControl.listFilters(linkIndex, direction);
    const other = loadPassProgram(context).number;
    trafficControl.replaceFilter({ ...key, programFd: other, name: 'second' });
    trafficControl.addFilter({ ...key, priority: 20, handle: 7, programFd, name: 'third' });
    const [second, third, ...rest] = trafficControl.listFilters(linkIndex, direction);
    assert.deepEqual(rest, []);
    assert.notEqual(second?.programId, before?.programId);
    assert.deepEqual(third, {
      ...{ linkIndex, direction, priority: 20, handle: 7 },
      ...{ name: 'third', programId: before?.programId, isDirectAction: true },
    });
    const shown = show(left, 'tc', `filter show dev left ${direction}`);
    const named = shown?.map(({ options }) => (options as { bpf_name?: string })?.bpf_name);
    if (named) assert.deepEqual(named.filter(Boolean), ['second', 'third']);
    trafficControl.deleteFilter(key);
    assert.equal(trafficControl.listFilters(linkIndex, direction).length, 1);
    assert.throws(() => trafficControl.deleteFilter(key), { errnoName: 'ENOENT' });
  });
}

test('the last filter that is removed takes clsact with it', { skip }, (context) => {
  const { left, leftIndex: linkIndex } = newPair(context);
  const { trafficControl } = left;
  const programFd = loadPassProgram(context).number;
  const [first, second] = (['ingress', 'egress'] as const).map((direction) => {
    return { linkIndex, direction, priority: 1, handle: 1 };
  });
  trafficControl.removeFilter(first!);
  trafficControl.addClsact(linkIndex);
  for (const key of [first!, second!]) trafficControl.addFilter({ ...key, programFd, name: 'x' });
  trafficControl.removeFilter(first!);
  trafficControl.removeFilter(first!);
  assert.equal(trafficControl.listFilters(linkIndex, 'egress').length, 1);
  trafficControl.removeFilter(second!);
  assert.equal(trafficControl.hasClsact(linkIndex), false);
});

test('a filter without a handle could not be found again', { skip }, (context) => {
  const { left, leftIndex: linkIndex } = newPair(context);
  const filter = { linkIndex, direction: 'ingress', priority: 1, handle: 0 } as const;
  assert.throws(
    () => left.trafficControl.addFilter({ ...filter, programFd: 0, name: 'x' }),
    /handle 0, expected 1 or more/,
  );
});
