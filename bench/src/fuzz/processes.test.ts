import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

const main = join(import.meta.dirname, 'main.js');

test('processes share the programs: each has its own seeds', () => {
  const words = ['--programs', '8', '--seed', '1', '--engines', 'machine', '--processes', '2'];
  const { status, stdout } = spawnSync(process.execPath, [main, ...words], { encoding: 'utf8' });
  const parts = [...stdout.matchAll(/^(\w+): seeds (\d+ to \d+): .* 0 wrong, 0 refused/gm)];
  assert.deepEqual(parts.map(([, family, seeds]) => `${family} ${seeds}`).sort(), [
    'recipes 1 to 2',
    'recipes 3 to 4',
    'sources 1 to 2',
    'sources 3 to 4',
  ]);
  assert.equal(status, 0);
});
