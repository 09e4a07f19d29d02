/** What a build must know of the tables that builds before it have left. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { datapathMaps, masqueradeMaps } from '../maps.ts';
import { planCarryTo } from './carry.ts';
import {
  currentLayout,
  datapathFamily,
  type Layout,
  type LayoutFamily,
  layoutFile,
  layoutName,
  layoutNumber,
  masqueradeFamily,
  readLayout,
} from './layout.ts';

/** Tables that the agent fills when it starts, memory of one packet, and where newcomers stand. */
const FILLED_BY_AGENT = [
  ...['skep_packet', 'skep_transit', 'skep_interface', 'skep_endpoint', 'skep_subject'],
  ...['skep_node', 'skep_address', 'skep_prefix', 'skep_selectors', 'skep_policy'],
  ...['skep_former', 'skep_succession', 'skep_hash_key', 'skep_new_queue', 'skep_new_hints'],
];

const FAMILIES: readonly LayoutFamily[] = [datapathFamily, masqueradeFamily];

for (const family of FAMILIES) {
  const { name, number } = family;
  const older = Array.from({ length: number - 1 }, (_, index) => index + 1);

  test(`the tables of ${name} are as their layout says`, () => {
    const [current, file] = [currentLayout(family), layoutFile(number, family)];
    if (process.env.SKEP_UPDATE === '1' && !existsSync(file)) {
      writeFileSync(file, `${JSON.stringify(current, null, 2)}\n`);
    }
    const changed = changes(readLayout(number, family), current);
    assert.deepEqual(
      changed,
      [],
      `${file.pathname} says something else of ${changed.join(', ')}. If that layout is ` +
        'released: raise its number in layouts/layout.ts, say in layouts/migrations.ts what ' +
        'becomes of entries, then `npm test -- layouts --update`. If not: remove the file first.',
    );
  });

  test(`each older layout of ${name} is known, and a way from it to this one`, () => {
    for (const each of older) {
      const layout = readLayout(each, family);
      assert.equal(layout?.number, each);
      for (const [map, carry] of planCarryTo(family, layout!)) {
        const { keySize, valueSize } = layout!.maps[map]!;
        carry({ map, key: new Uint8Array(keySize).fill(1), value: value(valueSize) });
      }
    }
  });

  test(`a name is that of one layout of ${name}`, () => {
    const [one, ...rest] = [currentLayout(family), { ...currentLayout(family), carried: [] }].map(
      layoutName,
    );
    assert.equal(layoutNumber(one!), number);
    assert.notEqual(one, rest[0]);
    assert.equal(layoutName(readLayout(number, family)!), one);
  });
}

test('each table is carried over, or filled by the agent', () => {
  const known = [...currentLayout().carried, ...FILLED_BY_AGENT].sort();
  assert.deepEqual(datapathMaps.map(({ name }) => name).sort(), known);
  const masquerade = [...currentLayout(masqueradeFamily).carried, 'skep_nat_except'].sort();
  assert.deepEqual(masqueradeMaps.map(({ name }) => name).sort(), masquerade);
});

/** Of a ring buffer, whose map has no values, as long as any record. */
function value(size: number): Uint8Array {
  return new Uint8Array(size || 4096).fill(1);
}

for (const name of ['skep_conn', '1', '1-', '0-12345678', '1-1234567', '1-12345678-unfinished']) {
  test(`${name} is no layout's name`, () => assert.equal(layoutNumber(name), undefined));
}

/** Names of tables that differ. */
function changes(written: Layout | undefined, current: Layout): string[] {
  if (!written) return ['all tables'];
  const names = new Set([...Object.keys(written.maps), ...Object.keys(current.maps)]);
  const differing = [...names].filter((name) => {
    return JSON.stringify(written.maps[name]) !== JSON.stringify(current.maps[name]);
  });
  if (differing.length > 0) return differing;
  return JSON.stringify(written) === JSON.stringify(current) ? [] : ['the order of tables'];
}
