import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseLab } from './lab-file.ts';
import { isAsExpected } from './probe.ts';
import { simulateLab } from './simulated-lab.ts';

const FILE = fileURLToPath(new URL('../../../examples/labs/shop.yaml', import.meta.url));
const SHOP = parseLab(readFileSync(FILE, 'utf8'), FILE);

test('the shop is decided without a kernel as its file expects, over both families', async () => {
  const results = await simulateLab(SHOP, dirname(FILE));
  assert.equal(results.length, 2 * SHOP.probes.length);
  assert.deepEqual(
    results.filter((result) => !isAsExpected(result)),
    [],
  );
  const drop = results.find((each) => each.from === 'intruder' && each.to === 'database');
  assert.equal(drop!.detail, 'denied by rule');
});

test('without policies everything passes, and that is not what the shop expects', async () => {
  const results = await simulateLab({ ...SHOP, policies: [] }, dirname(FILE));
  const wrong = results.filter((result) => !isAsExpected(result));
  assert.ok(wrong.length > 0);
  assert.ok(wrong.every((result) => result.expect === 'dropped'));
  assert.deepEqual([...new Set(results.map((result) => result.seen))], ['allowed']);
});
