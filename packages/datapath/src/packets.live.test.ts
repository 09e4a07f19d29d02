/**
 * Packet tables on real devices in namespaces of their own: the same rows as in `packets.test.ts`,
 * with the same expectations, whatever the endpoints are connected by.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { canUseBpf, explainMissing } from '@skep/bpf';
import { LiveEngine } from './trial/live/live-engine.ts';
import { packetTables } from './trial/packet-tables.ts';
import { runCase } from './trial/run-case.ts';

const rowCount = Object.values(packetTables).flat().length;

for (const kind of ['veth', 'netkit'] as const) {
  const skip = canUseBpf() ?? ((kind === 'netkit' && explainMissing('netkit')) || false);

  describe(`packet tables live, by ${kind}`, () => {
    let engine: LiveEngine | undefined;
    let ran = 0;
    before(() => {
      if (skip === false) engine = new LiveEngine(kind);
    });
    after(() => engine?.close());
    for (const [name, cases] of Object.entries(packetTables)) {
      for (const row of cases) {
        test(`${name}: ${row.sentence}`, { skip }, () => {
          ran += 1;
          runCase(engine!, row);
        });
      }
    }

    test(`all ${rowCount} rows ran, none was left out`, { skip }, () => {
      assert.equal(ran, rowCount);
    });
  });
}
