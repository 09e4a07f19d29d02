/** What others do while a change of policy waits to be confirmed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ABOUT_NODE, begin, FakeClock, keyOf, policy } from '../testing/policy-changes.ts';
import { UnconfirmedPolicyError } from './local-policies.ts';

test('what others change while something waits stays, and only what waited goes back', (t) => {
  const clock = new FakeClock();
  const { policies, inForce, stored } = begin(t, clock);
  const others = policy('gone') + policy('gone-node', ABOUT_NODE) + policy('moved');
  policies.apply(others, 'old.yaml', { isUnconfirmed: true });
  policies.apply(policy('node', ABOUT_NODE), 'try.yaml', { confirmWithinSeconds: 60 });
  policies.apply(policy('web') + policy('moved'), 'new.yaml');
  assert.throws(() => policies.apply(policy('host', ABOUT_NODE), 'h.yaml'), UnconfirmedPolicyError);
  policies.apply(policy('host', ABOUT_NODE), 'h.yaml', { isUnconfirmed: true });
  policies.delete([keyOf('gone')]);
  assert.throws(() => policies.delete([keyOf('gone-node')]), UnconfirmedPolicyError);
  const { pending } = policies.delete([keyOf('gone-node')], { isUnconfirmed: true });
  assert.deepEqual([pending?.keys, pending?.secondsLeft], [[keyOf('node')], 60]);
  clock.pass(60);
  assert.deepEqual(inForce().sort(), ['host h.yaml', 'moved new.yaml', 'web new.yaml']);
  assert.deepEqual(stored().sort(), ['host', 'moved', 'web']);
});

test('what others have changed stays as well when the next agent takes back what waited', (t) => {
  const clock = new FakeClock();
  const { policies, memory, directory } = begin(t, clock);
  policies.apply(policy('gone') + policy('node'), 'old.yaml');
  policies.apply(policy('node', ABOUT_NODE), 'try.yaml', { confirmWithinSeconds: 60 });
  policies.apply(policy('web'), 'new.yaml');
  policies.delete([keyOf('gone')]);
  policies.close();
  memory.close();
  const next = begin(t, clock, { directory });
  assert.equal(next.policies.pending?.secondsLeft, 60);
  next.policies.apply(policy('late'), 'late.yaml');
  clock.pass(60);
  assert.deepEqual(next.inForce().sort(), ['late late.yaml', 'node old.yaml', 'web new.yaml']);
  assert.deepEqual(next.stored().sort(), ['late', 'node', 'web']);
});

test('what waits is changed by nobody until it is confirmed or has gone back', (t) => {
  const clock = new FakeClock();
  const { policies, inForce } = begin(t, clock);
  policies.apply(policy('a') + policy('b') + policy('c'), 'old.yaml');
  policies.apply(policy('a'), 'try.yaml', { confirmWithinSeconds: 60 });
  const until = new Date(clock.now() + 60_000).toISOString();
  const changes = [
    () => policies.apply(policy('a') + policy('b'), 'new.yaml'),
    () => policies.apply(policy('a', ABOUT_NODE), 'new.yaml', { isUnconfirmed: true }),
    () => policies.delete([keyOf('a'), keyOf('b')], { isUnconfirmed: true }),
  ];
  const refuse = (): void => {
    for (const change of changes) {
      assert.throws(change, {
        code: 'ERR_POLICY_PENDING',
        message:
          `change ${keyOf('a')}: a change of ${keyOf('a')} waits to be confirmed until ${until}, ` +
          'and nobody changes it meanwhile (`skep policy confirm` or `skep policy revert` first)',
      });
    }
  };
  refuse();
  assert.deepEqual(inForce(), ['b old.yaml', 'c old.yaml', 'a try.yaml']);
  policies.revert();
  policies.delete([keyOf('a')], { confirmWithinSeconds: 60 });
  refuse();
  assert.deepEqual(inForce(), ['b old.yaml', 'c old.yaml']);
  policies.confirm();
  policies.apply(policy('a'), 'new.yaml');
  assert.deepEqual(inForce(), ['b old.yaml', 'c old.yaml', 'a new.yaml']);
});

test('one change waits at a time: nobody confirms two, or gives another more time', (t) => {
  const clock = new FakeClock();
  const { policies, inForce } = begin(t, clock);
  policies.apply(policy('a') + policy('b'), 'old.yaml');
  policies.apply(policy('a'), 'try.yaml', { confirmWithinSeconds: 60 });
  clock.pass(50);
  const message = /^change \S+b: a change of \S+a waits .*, and one change waits at a time \(`skep/;
  const second = { confirmWithinSeconds: 600 };
  const refused = { code: 'ERR_POLICY_PENDING', message };
  assert.throws(() => policies.apply(policy('b'), 'new.yaml', second), refused);
  assert.throws(() => policies.delete([keyOf('b')], second), refused);
  assert.equal(policies.pending?.secondsLeft, 10);
  clock.pass(10);
  assert.deepEqual(inForce().sort(), ['a old.yaml', 'b old.yaml']);
  policies.apply(policy('b'), 'new.yaml', second);
  assert.deepEqual(policies.pending?.keys, [keyOf('b')]);
});

/** A policy of the node that names so many prefixes of a network. */
function prefixes(name: string, network: number, count: number): string {
  const named = Array.from({ length: count }, (_, index) => `10.${network}.${index}.0/24`);
  return policy(name, ABOUT_NODE).replace('[{}]', `[{ fromCIDR: [${named.join(', ')}] }]`);
}

test('what would leave no room for the way back is refused', (t) => {
  const clock = new FakeClock();
  const room = { prefixes: 24, addresses: 24, selectorSets: 24 };
  const { policies, inForce, stored } = begin(t, clock, { room });
  policies.apply(prefixes('node', 1, 12), 'old.yaml', { isUnconfirmed: true });
  policies.apply(prefixes('node', 2, 1), 'try.yaml', { confirmWithinSeconds: 60 });
  const apply = (count: number) => {
    return policies.apply(prefixes('other', 3, count), 'new.yaml', { isUnconfirmed: true });
  };
  const message =
    /^change \S+other: a change of \S+node waits .*, and could not go back any more: table skep_p/;
  assert.throws(() => apply(12), { code: 'ERR_POLICY_PENDING', message });
  assert.deepEqual([inForce(), stored()], [['node try.yaml'], ['node']]);
  apply(5);
  clock.pass(60);
  assert.deepEqual(inForce().sort(), ['node old.yaml', 'other new.yaml']);
});

test('a way back that failed is told of until it has worked', (t) => {
  const clock = new FakeClock();
  const { policies, memory, problems } = begin(t, clock);
  policies.apply(policy('a'), 'try.yaml', { confirmWithinSeconds: 60 });
  const write = t.mock.method(memory, 'revertPending', () => {
    throw new Error('no space left');
  });
  clock.pass(60);
  const problem =
    'a policy change was not confirmed, and does not go back: Error: no space left (it is tried ' +
    'again each second: put right what is wrong)';
  assert.deepEqual([...problems], [problem]);
  clock.pass(0);
  clock.pass(0.5);
  assert.equal(write.mock.callCount(), 1, 'not at once again');
  clock.pass(0.5);
  assert.equal(write.mock.callCount(), 2);
  write.mock.restore();
  clock.pass(1);
  assert.deepEqual([...problems], []);
});

test('an agent that is told to end says what it leaves waiting', (t) => {
  const { policies, told } = begin(t, new FakeClock());
  policies.leave();
  assert.deepEqual(told, []);
  policies.apply(policy('a'), 'try.yaml', { confirmWithinSeconds: 60 });
  policies.leave();
  const problem =
    `a change of ${keyOf('a')} waits to be confirmed until 1970-01-01T00:17:40.000Z, and nothing ` +
    'takes it back while no agent runs (start one by then)';
  assert.deepEqual(told.at(-1), { kind: 'problem', problem });
});
