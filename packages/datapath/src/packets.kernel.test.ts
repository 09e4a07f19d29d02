/** Packet tables in the kernel: the bytecode and the rows of packets.test.ts. */
import { after, before, describe, test } from 'node:test';
import { canUseBpf } from '@skep/bpf';
import { packetTables } from './trial/packet-tables.ts';
import type { Engine } from './trial/engine.ts';
import { KernelEngine } from './trial/kernel-engine.ts';
import { runCase } from './trial/run-case.ts';

for (const [name, cases] of Object.entries(packetTables)) {
  describe(`${name} in the kernel`, { skip: canUseBpf() ?? false }, () => {
    let engine: Engine;
    before(() => {
      engine = new KernelEngine();
    });
    after(() => engine.close());
    for (const row of cases) test(row.sentence, () => runCase(engine, row));
  });
}
