/**
 * Pins that somebody removes while a daemon runs: they are there again before it is killed, and
 * what it has attached goes on deciding without it.
 */
import assert from 'node:assert/strict';
import { mkdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { canUseBpf, explainMissing, type Feature } from '@skep/bpf';
import { policies } from '@skep/datapath';
import { bindMount, unmount } from '@skep/sys';
import type { KernelFeatures } from './kernel/kernel-features.ts';
import { KilledDaemon } from './testing/killed-daemon.ts';
import { ONLY_ANNA } from './testing/policies.ts';

const TCX: KernelFeatures = { mechanism: 'tcx', hasRedirectPeer: true };
const CASES: readonly { name: string; features: KernelFeatures; needs: Feature }[] = [
  { name: 'with TCX', features: TCX, needs: 'tcx' },
  { name: 'with netkit', features: { ...TCX, hasNetkit: true }, needs: 'netkit' },
];

/** In which what was removed is there again. */
const AGAIN_MILLISECONDS_MAX = 20_000 * Number(process.env.SKEP_TIME_SCALE ?? 1);

const UPLINK = 'up0';
const LIFE = { masquerade: { uplinks: [UPLINK] } };

/** So that uplinks have the programs that guard the node, too. */
const NODE_POLICY = `
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: { name: node }
spec: { nodeSelector: {}, ingress: [{ fromEntities: [all] }] }
`;

/** What is removed of the pins, and whether any is left. */
const REMOVALS: readonly { what: string; isGone: (pin: string) => boolean; folder?: string }[] = [
  { what: 'a pin of a link', isGone: (pin) => pin === 'links/2-egress' },
  { what: 'all pins of links', isGone: (pin) => pin.startsWith('links/') },
  { what: 'the folder of links', isGone: (pin) => pin.startsWith('links/'), folder: 'links' },
  { what: 'a pin of a table', isGone: (pin) => pin.endsWith(`/${policies.name}`) },
  { what: 'masquerade', isGone: (pin) => pin.startsWith('masquerade/'), folder: 'masquerade' },
  { what: 'all pins', isGone: () => true },
];

for (const { name, features, needs } of CASES) {
  const skip = canUseBpf() ?? (explainMissing(needs) || false);

  describe(`a daemon whose pins somebody removes, ${name}`, { skip }, () => {
    const world = new KilledDaemon();
    let all: string[] = [];
    before(async () => {
      await world.setUp(features, LIFE);
      await world.client.applyPolicies(NODE_POLICY, 'node.yaml', { isUnconfirmed: true });
      all = world.allPins();
    });
    after(() => world.tearDown());

    const pinnedAgain = async (): Promise<void> => {
      const deadline = performance.now() + AGAIN_MILLISECONDS_MAX;
      while (world.allPins().join() !== all.join()) {
        assert.ok(performance.now() < deadline, `${world.allPins()}, expected ${all}`);
        await setTimeout(100);
      }
    };

    /** As with a daemon, so without one, and with the next. */
    const decidesOn = async (): Promise<void> => {
      assert.equal(await world.connect('carl'), 'silence');
      assert.equal(await world.connect('anna'), 'connected');
      world.assertAttached(features);
      assert.deepEqual(world.linkedPrograms(UPLINK), [1, 1]);
      assert.deepEqual(world.linkedPrograms(`${UPLINK}-far`), [1, 1]);
    };

    /** The first time of what this daemon has made, then of what it has taken over. */
    const killed = async (): Promise<void> => {
      const { problems } = await world.client.status();
      assert.match(problems.join('\n'), /^somebody has removed the pins .*: they were made again/);
      assert.equal(problems.length, 1, problems.join('\n'));
      assert.equal((await world.client.health()).isHealthy, true);
      await world.kill();
      await decidesOn();
      await world.start(features, LIFE);
      await decidesOn();
      assert.deepEqual(world.allPins(), all);
      assert.deepEqual((await world.client.status()).problems, []);
    };

    for (const { what, isGone, folder } of REMOVALS) {
      test(`${what}: there again, and it decides without the daemon`, async () => {
        const gone = all.filter(isGone);
        assert.ok(gone.length > 0);
        if (folder) rmSync(join(world.bpffs, folder), { recursive: true });
        else for (const pin of gone) rmSync(join(world.bpffs, pin));
        await pinnedAgain();
        await killed();
      });
    }

    test('the file system: mounted again', async () => {
      unmount(world.bpffs);
      await pinnedAgain();
      await killed();
    });

    test('a daemon that is told to end pins first', async () => {
      rmSync(join(world.bpffs, 'links'), { recursive: true });
      const gone = world.gone();
      world.terminate();
      await gone;
      assert.deepEqual(world.allPins(), all);
      await decidesOn();
      await world.start(features, LIFE);
      await decidesOn();
    });

    test('killed before it has looked: closed behind netkit, else by the next daemon', async () => {
      rmSync(join(world.bpffs, 'links'), { recursive: true });
      rmSync(join(world.bpffs, 'masquerade'), { recursive: true });
      await world.kill();
      for (let wait = 0; wait < 100 && world.linkedPrograms('skep2')[0] !== 0; wait++) {
        await setTimeout(50);
      }
      assert.deepEqual([world.pins(), world.linkedPrograms('skep2')], [[], [0, 0]]);
      if (features.hasNetkit) assert.equal(await world.connect('anna'), 'silence');
      await world.start(features, LIFE);
      await decidesOn();
      assert.deepEqual(world.allPins(), all);
      assert.equal((await world.client.health()).isHealthy, true);
    });

    describe('and whose links outlive them', () => {
      /** As another mount namespace has it that was made meanwhile. */
      let kept: string;
      before(() => {
        kept = `${world.bpffs}-kept`;
        mkdirSync(kept);
      });
      after(() => rmdirSync(kept));

      /** Ends the daemon, its pins, and lets another begin; `look` before the old ones end. */
      const beginAnew = async (look: () => Promise<void>): Promise<void> => {
        bindMount(world.bpffs, kept);
        try {
          await world.kill();
          unmount(world.bpffs);
          await world.start(features, LIFE);
          await look();
        } finally {
          unmount(kept);
        }
      };

      test('the next daemon takes their programs off, and decides alone', async () => {
        await beginAnew(async () => {
          const { problems } = await world.client.status();
          assert.match(problems.join('\n'), /^endpoint test\/anna: programs of an earlier agent/m);
          assert.match(
            problems.join('\n'),
            /^uplink up0: programs of an earlier agent .* are off/m,
          );
          assert.equal((await world.client.health()).isHealthy, true);
          await decidesOn();
          const policy = 'NetworkPolicy/test/bert';
          await world.client.deletePolicies([policy], { isUnconfirmed: true });
          assert.equal(await world.connect('carl'), 'connected');
          await world.client.applyPolicies(ONLY_ANNA, 'bert.yaml', { isUnconfirmed: true });
        });
      });

      test("somebody else's programs stay where they are", async () => {
        const close = world.attachOther(UPLINK);
        try {
          await beginAnew(async () => assert.deepEqual(world.linkedPrograms(UPLINK), [2, 1]));
        } finally {
          close();
        }
        assert.deepEqual(world.linkedPrograms(UPLINK), [1, 1]);
      });
    });
  });
}
