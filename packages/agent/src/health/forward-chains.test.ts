import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ForwardChain, NetfilterRule } from '@skep/netlink';
import { checkForwardChain } from './forward-chains.ts';

const DROPS: ForwardChain = { family: 'ip', table: 'filter', chain: 'FORWARD', policy: 'drop' };
const ACCEPTS: ForwardChain = { ...DROPS, policy: 'accept' };

const rule = (what: Partial<NetfilterRule>): NetfilterRule => {
  return { chain: 'FORWARD', isUnconditional: false, verdict: 'accept', ...what };
};
const FROM = rule({ input: 'skep*' });
const TO = rule({ output: 'skep*' });
const ALL = rule({ isUnconditional: true });
const NONE = rule({ isUnconditional: true, verdict: 'drop' });
const OTHERS = [rule({ input: 'docker0' }), rule({ verdict: 'drop' }), rule({})];

const jump = (target: string, what: Partial<NetfilterRule> = {}): NetfilterRule => {
  return rule({ isUnconditional: true, verdict: 'jump', target, ...what });
};
const inOwn = (each: NetfilterRule): NetfilterRule => ({ ...each, chain: 'OWN' });

const silent: readonly (readonly [name: string, ForwardChain, NetfilterRule[]])[] = [
  ['a policy of accept', ACCEPTS, OTHERS],
  ['rules for both ways', DROPS, [...OTHERS, FROM, TO]],
  ['one rule for each way, by a wider name', DROPS, [rule({ input: 'sk*' }), TO]],
  ['a last rule that accepts all', DROPS, [...OTHERS, ALL]],
  ['a last rule that drops, after those for both ways', ACCEPTS, [FROM, TO, NONE]],
  ['rules in a chain that is jumped to', DROPS, [jump('OWN'), inOwn(FROM), inOwn(TO)]],
  [
    'a chain of their own',
    DROPS,
    [jump('OWN', { input: '*', isUnconditional: false }), jump('OWN', { output: 'skep*' })],
  ],
];
for (const [name, chain, rules] of silent) {
  test(`${name}: all is well`, () => assert.equal(checkForwardChain(chain, rules), undefined));
}

const told: readonly (readonly [name: string, ForwardChain, NetfilterRule[], RegExp])[] = [
  ['nothing', DROPS, [], /comes from or goes to skep\+ \(`.* -i .*` and `.* -o .*`\)$/],
  ['others only', DROPS, OTHERS, /comes from or goes to/],
  ['one way', DROPS, [FROM], /nothing that goes to skep\+ \(`iptables -I FORWARD -o skep\+/],
  ['one endpoint', DROPS, [rule({ input: 'skep1' }), TO], /nothing that comes from skep\+/],
  ['a longer name', DROPS, [rule({ input: 'skepper*' }), TO], /nothing that comes from skep\+/],
  ['a drop', DROPS, [rule({ input: 'skep*', verdict: 'drop' }), TO], /comes from skep\+/],
  ['after the end', ACCEPTS, [TO, NONE, FROM], /nothing that comes from skep\+/],
  ['a chain nobody jumps to', DROPS, [inOwn(FROM), inOwn(TO)], /comes from or goes to/],
  ['chains in a circle', DROPS, [jump('OWN'), inOwn(jump('OWN'))], /comes from or goes to/],
];
for (const [name, chain, rules, pattern] of told) {
  test(`accepted is ${name}: it is told`, () => {
    assert.match(checkForwardChain(chain, rules)!, pattern);
  });
}

test('what to type is what the table was made by', () => {
  const ours: ForwardChain = { family: 'inet', table: 'guard', chain: 'onward', policy: 'drop' };
  assert.equal(
    checkForwardChain(ours, []),
    'chain onward of table inet guard drops IPv4 and IPv6 between endpoints and the world: it ' +
      'accepts nothing that comes from or goes to skep+ ' +
      `(\`nft 'insert rule inet guard onward iifname "skep*" accept'\` and ` +
      `\`nft 'insert rule inet guard onward oifname "skep*" accept'\`)`,
  );
  const ip6 = checkForwardChain({ ...DROPS, family: 'ip6' }, [FROM]);
  assert.match(ip6!, /drops IPv6 .*\(`ip6tables -I FORWARD -o skep\+ -j ACCEPT`\)$/);
});
