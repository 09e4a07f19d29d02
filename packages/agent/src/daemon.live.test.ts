/**
 * A daemon that is killed under traffic: no packet is lost, and no verdict changes, whatever the
 * kernel has for each of its lives.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { canUseBpf, explainMissing, type Feature } from '@skep/bpf';
import { isBpfFileSystem } from '@skep/sys';
import type { KernelFeatures } from './kernel/kernel-features.ts';
import { KilledDaemon } from './testing/killed-daemon.ts';
import { underTraffic } from './testing/under-traffic.ts';

const TCX: KernelFeatures = { mechanism: 'tcx', hasRedirectPeer: true };
/** As Linux 6.1, and as one that lacks more. */
const CLSACT: KernelFeatures = { mechanism: 'clsact', hasRedirectPeer: true };
const OLDEST: KernelFeatures = { ...CLSACT, hasRedirectPeer: false };
const NETKIT: KernelFeatures = { ...TCX, hasNetkit: true };
const CASES: readonly { name: string; have: readonly KernelFeatures[]; needs?: Feature }[] = [
  { name: 'with TCX', have: [TCX, TCX], needs: 'tcx' },
  { name: 'without TCX', have: [OLDEST, CLSACT] },
  { name: 'with netkit', have: [NETKIT, NETKIT], needs: 'netkit' },
];

for (const { name, have: lives, needs } of CASES) {
  const skip = canUseBpf() ?? ((needs && explainMissing(needs)) || false);
  const [first, last] = [lives[0]!, lives.at(-1)!];

  describe(`a daemon that is killed, ${name}`, { skip }, () => {
    const world = new KilledDaemon();
    before(() => world.setUp(first));
    after(() => world.tearDown());

    test('open connections lose nothing, closed doors stay closed', async () => {
      world.assertAttached(first);
      await underTraffic(world, async () => {
        for (const features of lives.slice(1)) {
          await world.kill();
          assert.equal(await world.connect('carl'), 'silence');
          await world.start(features);
          assert.equal(await world.connect('carl'), 'silence');
          world.assertAttached(features);
        }
      });
      assert.equal((await world.client.listEndpoints()).length, 3);
      assert.equal((await world.client.listPolicies()).length, 1);
    });

    test('a new connection is decided while no daemon runs', async () => {
      await world.kill();
      assert.equal(await world.connect('anna'), 'connected');
      await world.start(last);
      assert.equal(await world.talker('anna').ask({ say: 'hello' }), 'hello');
    });

    test('an endpoint that is removed leaves no device, filter or link', async () => {
      assert.equal(await world.client.removeEndpoint('test/carl'), true);
      assert.deepEqual(world.interfaces(), ['lo', 'skep1', 'skep2']);
      const pins = ['1-egress', '1-ingress', '2-egress', '2-ingress'];
      assert.deepEqual(world.pins(), last.mechanism === 'tcx' ? pins : []);
    });

    test('told to uninstall, it leaves nothing and ends', async () => {
      const gone = world.gone();
      await world.client.uninstall();
      assert.equal(await gone, 0);
      assert.equal(isBpfFileSystem(world.bpffs), false);
      assert.equal(existsSync(world.socket), false);
      assert.deepEqual(world.interfaces(), ['lo']);
    });
  });
}
