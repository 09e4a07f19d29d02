import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { inNetworkNamespace } from '@skep/sys';
import { Netfilter } from './netfilter.ts';
import type { Network } from './network.ts';
import { cannotMakeNamespaces, newNetwork } from './testing/sandbox.ts';

const skip = cannotMakeNamespaces;

/** `nft` and `iptables-nft`; why it cannot be, where it cannot. */
function run(network: Network, command: string, words: string[], input = ''): string | undefined {
  const { error, status, stderr } = inNetworkNamespace(network.namespace, () =>
    spawnSync(command, words, { encoding: 'utf8', input }),
  );
  if (error) return error.message;
  assert.equal(status, 0, `${command} ${words.join(' ')}: ${stderr}`);
  return undefined;
}

function openNetfilter(context: TestContext, network: Network): Netfilter {
  const netfilter = new Netfilter(network.namespace);
  context.after(() => netfilter.close());
  return netfilter;
}

const RULESET = `
table inet guard {
  chain in { type filter hook input priority 0; policy drop; iifname "skep*" accept; }
  chain onward {
    type filter hook forward priority 0; policy drop;
    iifname "skep*" counter accept
    iifname "up0" oifname "skep1" tcp dport 80 accept
    iifname != "up0" accept
    jump own
    counter log reject
  }
  chain own { oifname "skep*" goto more; ip saddr 10.0.0.1 drop; }
  chain more { counter accept; }
}
table bridge other {
  chain b { type filter hook forward priority 0; policy drop; }
}
`;

test('a namespace without nftables has no chains', { skip }, (context) => {
  const netfilter = openNetfilter(context, newNetwork(context));
  assert.deepEqual(netfilter.forwardChains(), []);
  assert.deepEqual(netfilter.rules({ family: 'ip', table: 'none' }), []);
});

test('chains that forward, and what their rules say of links', { skip }, (context) => {
  const network = newNetwork(context);
  const hindrance = run(network, 'nft', ['-f', '-'], RULESET);
  if (hindrance) return context.skip(hindrance);
  const netfilter = openNetfilter(context, network);
  const guard = { family: 'inet', table: 'guard' } as const;
  assert.deepEqual(netfilter.forwardChains(), [{ ...guard, chain: 'onward', policy: 'drop' }]);
  const at = { chain: 'onward', isUnconditional: false };
  const rules = [
    { ...at, input: 'skep*', verdict: 'accept' },
    { ...at, input: 'up0', output: 'skep1', verdict: 'accept' },
    { ...at, verdict: 'accept' },
    { ...at, isUnconditional: true, verdict: 'jump', target: 'own' },
    { ...at, isUnconditional: true, verdict: 'drop' },
  ];
  assert.deepEqual(netfilter.rules(guard, 'onward'), rules);
  const own = { chain: 'own', isUnconditional: false };
  assert.deepEqual(netfilter.rules(guard).slice(1), [
    ...rules,
    { ...own, output: 'skep*', verdict: 'jump', target: 'more' },
    { ...own, verdict: 'drop' },
    { chain: 'more', isUnconditional: true, verdict: 'accept' },
  ]);
});

for (const [command, family] of [
  ['iptables-nft', 'ip'],
  ['ip6tables-nft', 'ip6'],
] as const) {
  test(`${command} is seen: its policy, interfaces and targets`, { skip }, (context) => {
    const network = newNetwork(context);
    const hindrance = run(network, command, ['-P', 'FORWARD', 'DROP']);
    if (hindrance) return context.skip(hindrance);
    const comment = ['-m', 'comment', '--comment', 'all others'];
    run(network, command, ['-A', 'FORWARD', '-i', 'skep+', ...comment, '-j', 'ACCEPT']);
    run(network, command, ['-A', 'FORWARD', ...comment, '-j', 'REJECT']);
    const netfilter = openNetfilter(context, network);
    const found = netfilter.forwardChains();
    assert.deepEqual(found, [{ family, table: 'filter', chain: 'FORWARD', policy: 'drop' }]);
    assert.deepEqual(netfilter.rules(found[0]!, 'FORWARD'), [
      { chain: 'FORWARD', input: 'skep*', isUnconditional: false, verdict: 'accept' },
      { chain: 'FORWARD', isUnconditional: true, verdict: 'drop' },
    ]);
  });
}
