/**
 * Packet tables on the machine and in the kernel's test run: the same bytecode, the same rows, the
 * same result. `packets.live.test.ts` runs them on real devices.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { canUseBpf } from '@skep/bpf';
import type { Engine } from './trial/engine.ts';
import { KernelEngine } from './trial/kernel-engine.ts';
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

  describe(`${name} in the kernel`, { skip: canUseBpf() ?? false }, () => {
    let engine: Engine;
    before(() => {
      engine = new KernelEngine();
    });
    after(() => engine.close());
    for (const row of cases) test(row.sentence, () => runCase(engine, row));
  });
}

test('there are rows to run', () => {
  assert.ok(Object.values(packetTables).every((cases) => cases.length > 0));
});
