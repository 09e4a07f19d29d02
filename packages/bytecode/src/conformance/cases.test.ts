import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Machine } from '../machine/machine.ts';
import { CASE_PACKET_BYTES, caseProgram, type IsaCase, isaCases } from './cases.ts';

const machine = new Machine();

function run(each: IsaCase): bigint {
  const { packet } = machine.load(caseProgram(each)).run({
    packet: new Uint8Array(CASE_PACKET_BYTES),
  });
  return new DataView(packet.buffer).getBigUint64(0, true);
}

const families = new Map<string, IsaCase[]>();
for (const each of isaCases) {
  const family = each.name.split(/[ :]/)[0]!;
  families.set(family, [...(families.get(family) ?? []), each]);
}

for (const [family, cases] of families) {
  test(`RFC 9669: ${family}, ${cases.length} cases`, () => {
    for (const each of cases) {
      const found = run(each);
      assert.equal(found, each.expected, `${each.name}: 0x${found.toString(16)}`);
    }
  });
}

test('the cases are many, and each has a name of its own', () => {
  assert.ok(isaCases.length >= 250, `${isaCases.length} cases`);
  assert.equal(new Set(isaCases.map((each) => each.name)).size, isaCases.length);
});
