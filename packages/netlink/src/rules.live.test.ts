import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPrefix, parsePrefix } from '@skep/wire';
import type { Rule } from './rules.ts';
import { cannotMakeNamespaces, newNetwork, show } from './testing/sandbox.ts';

const skip = cannotMakeNamespaces;

const cases: Rule[] = [
  { family: 4, priority: 100, table: 1000, from: parsePrefix('10.9.0.0/16') },
  { family: 4, priority: 101, table: 100, to: parsePrefix('10.8.0.0/16'), inputLink: 'lo' },
  { family: 6, priority: 102, table: 1000, mark: 0x200, markMask: 0xf00 },
];

for (const rule of cases) {
  test(`rule of IPv${rule.family} with priority ${rule.priority}`, { skip }, (context) => {
    const network = newNetwork(context);
    const before = network.rules.list(rule.family);
    network.rules.add(rule);
    const found = network.rules.list(rule.family).find((one) => one.priority === rule.priority);
    assert.deepEqual(found, rule);
    const shown = show(network, 'ip', `-${rule.family} rule show`);
    const mine = shown?.find(({ priority }) => priority === rule.priority);
    if (mine) {
      assert.equal(Number(mine.table), rule.table);
      const from = mine.src === 'all' ? undefined : `${mine.src}/${mine.srclen}`;
      assert.equal(from, rule.from && formatPrefix(rule.from));
    }
    assert.throws(() => network.rules.add(rule), { errnoName: 'EEXIST' });
    network.rules.delete(rule);
    assert.deepEqual(network.rules.list(rule.family), before);
  });
}
