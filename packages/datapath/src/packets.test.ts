/**
 * Packet tables on the machine and in the kernel: the same bytecode, the same rows, the same
 * result.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { canUseBpf } from '@skep/bpf';
import { forwardingCases } from './trial/cases/forwarding.ts';
import { fragmentCases } from './trial/cases/fragments.ts';
import { icmpCases } from './trial/cases/icmp.ts';
import { policyCases } from './trial/cases/policy.ts';
import type { Engine } from './trial/engine.ts';
import { KernelEngine } from './trial/kernel-engine.ts';
import { MachineEngine } from './trial/machine-engine.ts';
import type { PacketCase } from './trial/packet-case.ts';
import { runCase } from './trial/run-case.ts';

const TABLES: Readonly<Record<string, readonly PacketCase[]>> = {
  forwarding: forwardingCases,
  policy: policyCases,
  fragments: fragmentCases,
  icmp: icmpCases,
};

for (const [name, cases] of Object.entries(TABLES)) {
  describe(`${name} on the machine`, () => {
    for (const row of cases) {
      // Each row has a machine of its own: nothing is left over from the row before.
      test(row.sentence, () => runCase(new MachineEngine(), row));
    }
  });

  describe(`${name} in the kernel`, { skip: canUseBpf() ?? false }, () => {
    let engine: Engine;
    before(() => {
      engine = new KernelEngine();
    });
    after(() => engine.close());
    for (const row of cases) {
      test(row.sentence, () => {
        engine.forgetFlows();
        runCase(engine, row);
      });
    }
  });
}

test('there are rows to run', () => {
  assert.ok(Object.values(TABLES).every((cases) => cases.length > 0));
});
