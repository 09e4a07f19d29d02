/** Another start with other labels, by which other policies are about the node. */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { checkLabels } from '../health/checks.ts';
import type { StoredLabels } from '../state/schema.ts';
import { begin, FakeClock, keyOf, policy } from '../testing/policy-changes.ts';
import { NothingPendingError, UnconfirmedPolicyError } from './local-policies.ts';

const ZONE_A = "nodeSelector: { matchLabels: { zone: 'a' } }";
const ZONE_B = "nodeSelector: { matchLabels: { zone: 'b' } }";

/** Agents one after the other, with a clock and a state directory of their own. */
function newNode(t: TestContext) {
  const clock = new FakeClock();
  const directory = mkdtempSync(join(tmpdir(), 'skep-labels-'));
  let last: ReturnType<typeof begin> | undefined;
  const stop = (): void => {
    last?.policies.close();
    last?.memory.close();
  };
  const start = (labels: StoredLabels) => {
    stop();
    last = begin(t, clock, { directory, givenLabels: labels });
    const { memory, model, policies } = last;
    /** Names of the policies that are about the node. */
    const aboutNode = (): string[] => {
      const documents = model.policy.documents().filter((each) => model.isAboutNode(each));
      return documents.map(({ name }) => name);
    };
    const problems = () => checkLabels({ memory, model, givenLabels: labels });
    return { ...last, policies, aboutNode, problems };
  };
  return { clock, start };
}

/** A policy of each zone, and an agent of zone `a` that is started anew in zone `b`. */
function moved(t: TestContext) {
  const { clock, start } = newNode(t);
  const first = start({ zone: 'a' });
  first.policies.apply(policy('a', ZONE_A) + policy('b', ZONE_B) + policy('web'), 'zones.yaml', {
    isUnconfirmed: true,
  });
  assert.deepEqual(first.aboutNode(), ['a']);
  return { clock, start, ...start({ zone: 'b' }) };
}

test('labels by which other policies are about the node wait until asked for', (t) => {
  const { aboutNode, problems, policies, model, start } = moved(t);
  assert.deepEqual(aboutNode(), ['a']);
  assert.equal(model.isHostEnforced, true);
  assert.deepEqual(problems(), [
    'policies select this node by its labels of before (zone=a), and not by those that the agent ' +
      `was started with (zone=b): ${keyOf('a')}, ${keyOf('b')} would be about it, or no more, ` +
      'and could cut you off (`skep policy relabel-node --confirm-within 60s`, and `skep policy ' +
      'confirm` when all is well)',
  ]);
  assert.throws(() => policies.relabelNode(), UnconfirmedPolicyError);
  const { changed, pending } = policies.relabelNode({ isUnconfirmed: true });
  assert.deepEqual([changed, pending], [[keyOf('a'), keyOf('b')], undefined]);
  assert.deepEqual([aboutNode(), problems()], [['b'], []]);
  assert.deepEqual(start({ zone: 'b' }).aboutNode(), ['b']);
});

test('labels that nobody confirms go back, and no start tries them again', (t) => {
  const { clock, aboutNode, problems, policies, guarded, start } = moved(t);
  const { pending } = policies.relabelNode({ confirmWithinSeconds: 60 });
  assert.deepEqual(pending?.keys, [keyOf('a'), keyOf('b')]);
  assert.equal(pending?.isOfLabels, true);
  assert.deepEqual(guarded, ['before a b web', 'settled']);
  assert.deepEqual([aboutNode(), problems()], [['b'], []]);
  clock.pass(60);
  assert.deepEqual([aboutNode(), policies.pending], [['a'], undefined]);
  assert.equal(problems().length, 1);
  assert.deepEqual(start({ zone: 'b' }).aboutNode(), ['a']);
});

test('labels that are confirmed stay', (t) => {
  const { clock, aboutNode, policies } = moved(t);
  policies.relabelNode({ confirmWithinSeconds: 60 });
  policies.confirm();
  clock.pass(3600);
  assert.deepEqual(aboutNode(), ['b']);
  assert.throws(() => policies.revert(), NothingPendingError);
});

test('the next agent takes labels back that wait, whatever it is started with', (t) => {
  const { clock, policies, start } = moved(t);
  policies.relabelNode({ confirmWithinSeconds: 60 });
  const next = start({ zone: 'c' });
  assert.deepEqual(next.aboutNode(), ['b']);
  assert.throws(() => next.policies.relabelNode({ isUnconfirmed: true }), {
    code: 'ERR_POLICY_PENDING',
    message: /^change labels of this node: a change of \S+a, \S+b waits .*one change waits at a/,
  });
  clock.pass(60);
  assert.deepEqual(next.aboutNode(), ['a']);
  assert.deepEqual(start({ zone: 'a' }).aboutNode(), ['a']);
});

test('while labels wait, nobody changes what they select the node by', (t) => {
  const { clock, policies, aboutNode, inForce } = moved(t);
  policies.relabelNode({ confirmWithinSeconds: 60 });
  const refused = { code: 'ERR_POLICY_PENDING' };
  const unconfirmed = { isUnconfirmed: true };
  assert.throws(() => policies.apply(policy('a'), 'new.yaml', unconfirmed), refused);
  assert.throws(() => policies.delete([keyOf('b')], unconfirmed), refused);
  // It would be about the node only until they go back, and what it closes be open then.
  assert.throws(() => policies.apply(policy('new', ZONE_B), 'new.yaml', unconfirmed), refused);
  policies.apply(policy('both', 'nodeSelector: {}'), 'new.yaml', unconfirmed);
  clock.pass(60);
  assert.deepEqual(aboutNode().sort(), ['a', 'both']);
  assert.equal(inForce().length, 4);
});

test('labels that make no difference are in force at once', (t) => {
  const { start } = newNode(t);
  const first = start({ zone: 'a' });
  first.policies.apply(policy('web') + policy('all', 'nodeSelector: {}'), 'x.yaml', {
    isUnconfirmed: true,
  });
  const next = start({ zone: 'b' });
  assert.deepEqual([next.problems(), next.aboutNode()], [[], ['all']]);
  next.policies.apply(policy('b', ZONE_B), 'y.yaml', { isUnconfirmed: true });
  assert.deepEqual(next.aboutNode(), ['all', 'b']);
});

test('a policy that is about to be back counts, too, where labels are compared', (t) => {
  const { clock, start } = newNode(t);
  const first = start({ zone: 'a' });
  first.policies.apply(policy('a', ZONE_A), 'a.yaml', { isUnconfirmed: true });
  first.policies.delete([keyOf('a')], { confirmWithinSeconds: 60 });
  const next = start({ zone: 'b' });
  assert.equal(next.problems().length, 1);
  assert.throws(() => next.policies.relabelNode({ isUnconfirmed: true }), {
    code: 'ERR_POLICY_PENDING',
  });
  clock.pass(60);
  assert.deepEqual(next.aboutNode(), ['a']);
});

test('labels that could not be written down are not in force', (t) => {
  const { policies, memory, aboutNode, problems } = moved(t);
  const write = t.mock.method(memory, 'relabelNode', () => {
    throw new Error('no space left');
  });
  assert.throws(() => policies.relabelNode({ isUnconfirmed: true }), /no space left/);
  assert.deepEqual([aboutNode(), problems().length], [['a'], 1]);
  write.mock.restore();
  policies.relabelNode({ isUnconfirmed: true });
  assert.deepEqual(aboutNode(), ['b']);
});
