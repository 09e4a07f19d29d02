/**
 * Packet tables on the machine. `packets.kernel.test.ts` runs the same rows by the kernel's test
 * run, `packets.live.test.ts` on real devices.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MachineEngine } from './trial/machine-engine.ts';
import { packetTables } from './trial/packet-tables.ts';
import { runCase } from './trial/run-case.ts';

for (const [name, cases] of Object.entries(packetTables)) {
  for (const engine of ['interpreter', 'generated'] as const) {
    describe(`${name} on the machine, ${engine}`, () => {
      for (const row of cases) {
        // Each row has a machine of its own: nothing is left over from the row before.
        test(row.sentence, () => runCase(new MachineEngine({ engine }), row));
      }
    });
  }
}

test('there are rows to run', () => {
  assert.ok(Object.values(packetTables).every((cases) => cases.length > 0));
});
