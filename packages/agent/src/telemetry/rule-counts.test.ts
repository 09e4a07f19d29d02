import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RULES_COUNTED_MAX } from '@skep/contract';
import type { FlowView } from '../views.ts';
import { OTHER_RULES, RuleCounts } from './rule-counts.ts';

function flow(verdict: FlowView['verdict'], count: number, ...rules: string[]): FlowView {
  const direction = verdict === 'dropped' ? { direction: 'ingress' } : {};
  return { verdict, count, rules, ...direction } as unknown as FlowView;
}

test('flows that rules allow, and packets that they drop', () => {
  const counts = new RuleCounts();
  counts.add(flow('forwarded', 1, 'shop/a egress[0]', 'shop/b ingress[1]'));
  counts.add(flow('forwarded', 9, 'shop/b ingress[1]'));
  counts.add(flow('dropped', 3, 'shop/closed'));
  counts.add(flow('dropped', 4, 'shop/closed'));
  counts.add(flow('forwarded', 5));
  assert.deepEqual(counts.allowed(), [
    { labels: { rule: 'shop/a egress[0]' }, value: 1 },
    { labels: { rule: 'shop/b ingress[1]' }, value: 2 },
  ]);
  assert.deepEqual(counts.dropped(), [
    { labels: { rule: 'shop/closed', direction: 'ingress' }, value: 7 },
  ]);
});

test('rules of a policy that is deleted are counted no more; those of similar names are', () => {
  const counts = new RuleCounts();
  for (const rule of ['shop/a', 'shop/a ingress[0]', 'shop/ab ingress[0]']) {
    counts.add(flow('forwarded', 1, rule));
    counts.add(flow('dropped', 1, rule));
  }
  counts.forget('shop/a');
  for (const samples of [counts.allowed(), counts.dropped()]) {
    assert.deepEqual(
      samples.map(({ labels }) => labels?.rule),
      ['shop/ab ingress[0]'],
    );
  }
});

test('at the limit new rules count together, and known ones on their own', () => {
  const counts = new RuleCounts();
  for (let index = 0; index < RULES_COUNTED_MAX + 10; index++) {
    counts.add(flow('forwarded', 1, `shop/p ingress[${index}]`));
  }
  counts.add(flow('forwarded', 1, 'shop/p ingress[0]'));
  const allowed = counts.allowed();
  assert.equal(allowed.length, RULES_COUNTED_MAX + 1);
  assert.deepEqual(allowed.at(-1), { labels: { rule: OTHER_RULES }, value: 10 });
  assert.equal(allowed[0]!.value, 2);
});
