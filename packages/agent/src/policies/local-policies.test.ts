import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { decideByTable, PolicyProtocol, workloadLabels } from '@skep/policy';
import { checkPolicies } from '../health/checks.ts';
import { Memory } from '../state/memory.ts';
import type { StoredPolicy } from '../state/schema.ts';
import { ABOUT_NODE, begin, FakeClock, keyOf, policy } from '../testing/policy-changes.ts';
import { NothingPendingError, UnconfirmedPolicyError } from './local-policies.ts';

test('a change that nobody confirms goes back: what it added and replaced', (t) => {
  const clock = new FakeClock();
  const { policies, inForce, stored } = begin(t, clock);
  policies.apply(policy('a') + policy('b'), 'old.yaml');
  policies.apply(policy('b') + policy('c'), 'new.yaml', { confirmWithinSeconds: 60 });
  assert.deepEqual(inForce(), ['a old.yaml', 'b new.yaml', 'c new.yaml']);
  clock.pass(59);
  assert.deepEqual(inForce(), ['a old.yaml', 'b new.yaml', 'c new.yaml']);
  assert.equal(policies.pending?.secondsLeft, 1);
  clock.pass(1);
  assert.deepEqual(inForce().sort(), ['a old.yaml', 'b old.yaml']);
  assert.deepEqual(stored().sort(), ['a', 'b']);
  assert.equal(policies.pending, undefined);
});

test('a change that nobody confirms goes back: what it deleted', (t) => {
  const clock = new FakeClock();
  const { policies, inForce, stored } = begin(t, clock);
  policies.apply(policy('a') + policy('b'), 'old.yaml');
  policies.delete([keyOf('a')], { confirmWithinSeconds: 60 });
  assert.deepEqual(inForce(), ['b old.yaml']);
  clock.pass(60);
  assert.deepEqual(inForce().sort(), ['a old.yaml', 'b old.yaml']);
  assert.deepEqual(stored().sort(), ['a', 'b']);
});

test('files that are applied together are in force together, or none of them', (t) => {
  const { policies, inForce, stored, memory } = begin(t, new FakeClock());
  const fileOf = (file: string, text: string) => ({ file, text });
  const about = [fileOf('a.yaml', policy('a')), fileOf('node.yaml', policy('n', ABOUT_NODE))];
  assert.throws(() => policies.applyFiles(about), {
    code: 'ERR_POLICY_UNCONFIRMED',
    message: /^change CiliumClusterwideNetworkPolicy\/\/n of node\.yaml: about this node itself/,
  });
  const wrong = [fileOf('a.yaml', policy('a')), fileOf('b.yaml', 'kind: X')];
  assert.throws(() => policies.applyFiles(wrong), /^Error: b\.yaml:1: kind: found/);
  const twice = [fileOf('a.yaml', policy('a')), fileOf('b.yaml', policy('b') + policy('a'))];
  assert.throws(() => policies.applyFiles(twice), {
    code: 'ERR_POLICY_DOCUMENT',
    message: 'b.yaml:6: metadata.name: CiliumClusterwideNetworkPolicy//a is in a.yaml, too',
  });
  assert.deepEqual([inForce(), stored()], [[], []]);
  const { changed, pending } = policies.applyFiles(about, { confirmWithinSeconds: 60 });
  assert.deepEqual(
    [changed, pending?.keys],
    [
      [keyOf('a'), keyOf('n')],
      [keyOf('a'), keyOf('n')],
    ],
  );
  assert.deepEqual(inForce().sort(), ['a a.yaml', 'n node.yaml']);
  assert.deepEqual(
    memory.policies.map(({ file, keys }) => [file, keys]),
    [
      ['a.yaml', [keyOf('a')]],
      ['node.yaml', [keyOf('n')]],
    ],
  );
  policies.revert();
  assert.deepEqual([inForce(), stored()], [[], []]);
});

test('who applies a deny rule about nobody is warned', (t) => {
  const { policies, inForce } = begin(t, new FakeClock());
  const text = policy('a').replace('ingress: [{}]', 'egressDeny: [{ toEntities: [health] }]');
  assert.deepEqual(policies.apply(text, 'a.yaml').warnings, [
    'a.yaml:4: a egressDeny[0]: denies health, which nothing on this node is (deny addresses ' +
      'instead, by toCIDR)',
  ]);
  assert.deepEqual(inForce(), ['a a.yaml']);
  assert.equal(policies.apply(policy('b'), 'b.yaml').warnings, undefined);
});

test('a change that is confirmed stays, and there is nothing to confirm then', (t) => {
  const clock = new FakeClock();
  const { policies, inForce } = begin(t, clock);
  const { pending } = policies.apply(policy('a'), 'a.yaml', { confirmWithinSeconds: 60 });
  assert.deepEqual(pending?.keys, [keyOf('a')]);
  assert.deepEqual(policies.confirm().changed, [keyOf('a')]);
  clock.pass(3600);
  assert.deepEqual(inForce(), ['a a.yaml']);
  assert.throws(() => policies.confirm(), NothingPendingError);
  assert.throws(() => policies.revert(), NothingPendingError);
});

test('a change that is taken back at once', (t) => {
  const { policies, inForce } = begin(t, new FakeClock());
  policies.apply(policy('a'), 'a.yaml', { confirmWithinSeconds: 60 });
  policies.revert();
  assert.deepEqual(inForce(), []);
});

test('what is about the node has to say whether it is confirmed, also to be deleted', (t) => {
  const clock = new FakeClock();
  const { policies, inForce, guarded } = begin(t, clock);
  const text = policy('node', ABOUT_NODE);
  assert.throws(() => policies.apply(text, 'node.yaml'), UnconfirmedPolicyError);
  assert.deepEqual([inForce(), guarded], [[], []]);
  policies.apply(text, 'node.yaml', { isUnconfirmed: true });
  assert.deepEqual(guarded, ['before node', 'settled']);
  assert.throws(() => policies.delete([keyOf('node')]), UnconfirmedPolicyError);
  const other = policy('node');
  assert.throws(() => policies.apply(other, 'other.yaml'), UnconfirmedPolicyError, 'replaced');
  policies.delete([keyOf('node')], { confirmWithinSeconds: 5 });
  assert.deepEqual(inForce(), []);
  clock.pass(5);
  assert.deepEqual(inForce(), ['node node.yaml']);
  assert.deepEqual(guarded.slice(-2), ['before node', 'settled']);
});

test('the next agent waits for what is left of the time', (t) => {
  const clock = new FakeClock();
  const { policies, memory, directory } = begin(t, clock);
  policies.apply(policy('a'), 'a.yaml', { confirmWithinSeconds: 60 });
  clock.pass(40);
  policies.close();
  memory.close();
  clock.pass(15);
  const next = begin(t, clock, { directory });
  assert.deepEqual(next.inForce(), ['a a.yaml']);
  assert.equal(next.policies.pending?.secondsLeft, 5);
  clock.pass(5);
  assert.deepEqual(next.inForce(), []);
});

test('a clock that is set back gives no more time than there was', (t) => {
  const clock = new FakeClock();
  const { policies, memory, directory } = begin(t, clock);
  policies.apply(policy('a'), 'a.yaml', { confirmWithinSeconds: 60 });
  policies.close();
  memory.close();
  clock.time -= 1_000_000;
  const next = begin(t, clock, { directory });
  clock.pass(60);
  assert.deepEqual(next.inForce(), []);
});

test('a disk that is full keeps nobody out: it goes back, and is written down later', (t) => {
  const clock = new FakeClock();
  const { policies, memory, inForce, problems } = begin(t, clock);
  policies.apply(policy('a'), 'a.yaml', { confirmWithinSeconds: 60 });
  const write = t.mock.method(memory, 'revertPending', () => {
    throw new Error('no space left');
  });
  clock.pass(60);
  assert.deepEqual(inForce(), []);
  assert.match([...problems].join(), /does not go back: Error: no space left/);
  assert.ok(memory.pending);
  write.mock.restore();
  clock.pass(1);
  assert.equal(memory.pending, undefined);
  assert.deepEqual(inForce(), []);
});

test('what is back in force, but not written down yet, is confirmed by nobody any more', (t) => {
  const clock = new FakeClock();
  const { policies, memory, inForce } = begin(t, clock);
  policies.apply(policy('a'), 'a.yaml', { confirmWithinSeconds: 60 });
  const write = t.mock.method(memory, 'revertPending', () => {
    throw new Error('no space left');
  });
  clock.pass(60);
  assert.throws(() => policies.confirm(), NothingPendingError);
  assert.ok(memory.pending);
  write.mock.restore();
  clock.pass(1);
  assert.deepEqual([inForce(), memory.policies, memory.pending], [[], [], undefined]);
});

/** A peer that every rule is about. */
const EVERY_GROUP = new Set(Array.from({ length: 64 }, (_, group) => group));

/** As an agent has left it whose build read less strictly. */
function leave(directory: string, ...policies: readonly StoredPolicy[]): void {
  const memory = new Memory(directory);
  for (const each of policies) memory.addPolicy(each);
  memory.close();
}

const OLD_TEXT = policy('broken').replace('{}', "{ matchLabels: { $init: '' } }");
const OLD = { file: 'old.yaml', text: OLD_TEXT + policy('whole'), keys: [keyOf('broken')] };
OLD.keys.push(keyOf('whole'));

test('a stored policy that cannot be read closes its subjects, and status says what to do', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'skep-policies-'));
  leave(directory, OLD);
  const { inForce, model } = begin(t, new FakeClock(), { directory });
  assert.deepEqual(inForce(), ['broken old.yaml', 'whole old.yaml']);
  const labels = workloadLabels({ app: 'web' }, 'shop');
  model.policy.setSubject('web', { labels });
  const table = model.policy.table('web')!;
  assert.equal(decideByTable(table.egress, PolicyProtocol.Tcp, 80, EVERY_GROUP), 'deny');
  assert.deepEqual(checkPolicies({ model }), [
    `policy ${keyOf('broken')}: it cannot be read any more, and closes what it is about: ` +
      'old.yaml:4: spec.endpointSelector.matchLabels["$init"]: found the key \'$init\', expected ' +
      `'reserved:init' (apply it anew, or \`skep policy delete ${keyOf('broken')}\`)`,
  ]);
});

test('it is there no more once it is applied anew, or deleted', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'skep-policies-'));
  leave(directory, OLD, { ...OLD, text: '[', keys: [keyOf('worse')] });
  const { policies, inForce, model, memory } = begin(t, new FakeClock(), { directory });
  assert.equal(checkPolicies({ model }).length, 2);
  policies.apply(policy('broken'), 'new.yaml');
  assert.match(checkPolicies({ model }).join(), /^policy \S+worse: it cannot be read any more/);
  assert.throws(() => policies.delete([keyOf('worse')]), UnconfirmedPolicyError);
  policies.delete([keyOf('worse')], { isUnconfirmed: true });
  assert.deepEqual(checkPolicies({ model }), []);
  assert.deepEqual(inForce().sort(), ['broken new.yaml', 'whole old.yaml']);
  policies.close();
  memory.close();
  const next = begin(t, new FakeClock(), { directory });
  assert.deepEqual(next.inForce().sort(), ['broken new.yaml', 'whole old.yaml']);
  assert.deepEqual(checkPolicies({ model: next.model }), []);
});

test('a change goes back to a policy that cannot be read any more, which is closed then', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'skep-policies-'));
  leave(directory, OLD);
  const { policies, inForce, model } = begin(t, new FakeClock(), { directory });
  policies.apply(policy('broken'), 'new.yaml', { confirmWithinSeconds: 60 });
  assert.deepEqual(checkPolicies({ model }), []);
  policies.revert();
  assert.deepEqual(inForce().sort(), ['broken old.yaml', 'whole old.yaml']);
  assert.equal(checkPolicies({ model }).length, 1);
});
