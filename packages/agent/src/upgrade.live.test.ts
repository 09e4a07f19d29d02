/** A node that gets TCX, and loses it again, with traffic on: each way takes the other's place. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { canUseBpf, explainMissing } from '@skep/bpf';
import type { KernelFeatures } from './kernel/kernel-features.ts';
import { KilledDaemon } from './testing/killed-daemon.ts';

const CLSACT: KernelFeatures = { mechanism: 'clsact', hasRedirectPeer: true };
const TCX: KernelFeatures = { mechanism: 'tcx', hasRedirectPeer: true };
/** Of anna with bert, one every few milliseconds, all the while. */
const EXCHANGES = 800;

const skip = canUseBpf() ?? explainMissing('tcx') ?? false;

describe('from clsact to TCX and back', { skip }, () => {
  const world = new KilledDaemon();
  before(() => world.setUp(CLSACT));
  after(() => world.tearDown());

  test('open connections lose nothing, closed doors stay closed', async () => {
    assert.equal(await world.connect('anna'), 'connected');
    world.assertAttached(CLSACT);
    const exchanged = world.talker('anna').ask({ exchange: EXCHANGES });
    for (const features of [TCX, CLSACT]) {
      await world.kill();
      await world.start(features);
      assert.equal(await world.connect('carl'), 'silence');
      world.assertAttached(features);
    }
    const want = `${EXCHANGES} of ${EXCHANGES} answered, longest under a second`;
    assert.equal(await exchanged, want);
  });
});
