import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as contract from '@skep/contract';
import { datapathMaps, masqueradeMaps } from './maps.ts';
import { atLimit, tableLimits } from './table-limits.ts';

const all = [...datapathMaps, ...masqueradeMaps];

test('every table says what it does at its limit, once', () => {
  const names = (maps: readonly { readonly name: string }[]): string[] =>
    maps.map(({ name }) => name).sort();
  assert.deepEqual(names(tableLimits.map(({ map }) => map)), names(all));
});

test('each has a bound that there is, and none only where it cannot be full', () => {
  for (const { map, behaviour, bound } of tableLimits) {
    assert.equal(bound === undefined, behaviour === 'fixed', map.name);
    if (bound !== undefined) assert.equal(bound in contract, true, bound);
  }
});

test('what evicts is what the kernel evicts from, or the queue of newcomers', () => {
  const evicting = tableLimits.filter(({ behaviour }) => behaviour === 'evicts');
  const lru = evicting.filter(({ map }) => map.kind === 'lruHash').map(({ map }) => map.name);
  assert.deepEqual(
    lru.sort(),
    all.flatMap(({ kind, name }) => (kind === 'lruHash' ? [name] : [])).sort(),
  );
  const others = evicting.filter(({ map }) => map.kind !== 'lruHash');
  assert.deepEqual(
    others.map(({ map }) => map.name),
    ['skep_new', 'skep_new_hints'],
  );
});

test('a table that there is not is an error', () => {
  assert.throws(() => atLimit('skep_none'), /skep_none/);
});
