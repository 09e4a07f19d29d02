/** Programs of a new layout, before and after they have the last word. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TcAction } from '@skep/ebpf';
import { former, FormerSlot } from './maps.ts';
import { endpointPrograms } from './programs.ts';
import { endpointTables } from './trial/packet-tables.ts';
import { remembered } from './trial/remembered.ts';
import { counters, runCase } from './trial/run-case.ts';
import { ShadowEngine, SuccessorEngine } from './trial/successor-engine.ts';
import { NODE, setUp } from './trial/world.ts';

for (const [name, cases] of Object.entries(endpointTables)) {
  describe(`${name}: successors that decide are as programs that run alone`, () => {
    for (const row of cases) test(row.sentence, () => runCase(new SuccessorEngine(), row));
  });

  describe(`${name}: in the shadow they remember the same, and do nothing`, () => {
    for (const row of cases) {
      test(row.sentence, () => {
        const engine = new ShadowEngine();
        runCase(engine, row);
        assert.deepEqual(remembered(engine.shadow), row.after ?? []);
        assert.deepEqual(engine.shadow.takeEvents(), []);
        const counts = [...counters(engine.shadow).values()];
        assert.ok(counts.every((count) => count === 0n));
      });
    }
  });
}

test('in the shadow of nobody nothing passes', () => {
  const engine = new SuccessorEngine();
  setUp(engine);
  engine.becomeShadow();
  for (const slot of [FormerSlot.FromEndpoint, FormerSlot.ToEndpoint]) {
    engine.setProgram(former, slot, null);
  }
  const { action } = engine.run(endpointPrograms(NODE).fromEndpoint, new Uint8Array(64));
  assert.equal(action, TcAction.Drop);
});
