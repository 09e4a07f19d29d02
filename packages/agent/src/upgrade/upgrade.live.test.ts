/**
 * An agent that is replaced by a build with another layout, under traffic: no packet is lost, no
 * verdict changes, and what dies on the way is finished by whoever comes next.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { canUseBpf, explainMissing, hasTcx } from '@skep/bpf';
import { currentLayout, layoutName } from '@skep/datapath';
import type { KernelFeatures } from '../kernel/kernel-features.ts';
import { KilledDaemon } from '../testing/killed-daemon.ts';
import { forgetMigration, makeNextBuild } from '../testing/next-build.ts';
import { underTraffic } from '../testing/under-traffic.ts';

/** Steps to die at: each costs four starts. With SKEP_DEATHS=all it is every step. */
const DEATHS = process.env.SKEP_DEATHS ?? '1';
const SEED = Number(process.env.SKEP_SEED ?? Date.now() % 100_000);
/** In which endpoints' programs may be attached, as far as this kernel can. */
const WAYS = new Map<string, KernelFeatures>([
  ...(hasTcx() ? ([['tcx', { mechanism: 'tcx', hasRedirectPeer: true }]] as const) : []),
  ['clsact', { mechanism: 'clsact', hasRedirectPeer: true }],
  ...(explainMissing('netkit') === undefined
    ? ([['netkit', { mechanism: 'tcx', hasRedirectPeer: true, hasNetkit: true }]] as const)
    : []),
]);
const [ANY] = [...WAYS.values()] as [KernelFeatures];
const own = layoutName(currentLayout());

describe(`an upgrade to another layout, seed ${SEED}`, { skip: canUseBpf() ?? false }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'skep-next-'));
  let main: string;
  before(() => {
    main = makeNextBuild(folder);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const begin = async (t: TestContext, kernel: KernelFeatures): Promise<KilledDaemon> => {
    const world = new KilledDaemon();
    t.after(() => world.tearDown());
    await world.setUp(kernel);
    return world;
  };

  for (const [way, kernel] of WAYS) {
    test(`by ${way}: traffic goes on, and there is no way back`, async (t) => {
      const world = await begin(t, kernel);
      assert.deepEqual(world.layouts(), [own]);
      assert.equal(await world.connect('carl'), 'silence');
      const before = await world.client.status();
      await underTraffic(world, async () => {
        await world.kill();
        await world.start(kernel, { main });
        assert.equal(await world.connect('carl'), 'silence');
        world.assertAttached(kernel);
      });
      const [next, ...others] = world.layouts();
      assert.deepEqual([next !== own, others], [true, []]);
      const status = await world.client.status();
      assert.ok(status.forwardedPackets > before.forwardedPackets + 100, 'counts go on');
      assert.ok(before.droppedPackets['policy denied']! > 0);
      assert.ok(status.droppedPackets['policy denied']! > before.droppedPackets['policy denied']!);

      await world.kill();
      await assert.rejects(world.start(kernel), (error: Error) => {
        const want = `layout ${next}, expected ${own}`;
        return error.message.includes('ERR_LAYOUT') && error.message.includes(want);
      });
      assert.deepEqual(world.layouts(), [next], 'the refused build has changed nothing');
      assert.equal(await world.connect('anna'), 'connected');
      assert.equal(await world.connect('carl'), 'silence');
      await world.start(kernel, { main });
    });
  }

  /** Where it can die: all steps of one upgrade, by name. */
  const stepsOfUpgrade = async (t: TestContext, way: string): Promise<string[]> => {
    const stepsFile = join(folder, `steps-${way}`);
    const kernel = WAYS.get(way)!;
    const world = await begin(t, kernel);
    await world.kill();
    await world.start(kernel, { main, stepsFile });
    return readFileSync(stepsFile, 'utf8').trim().split('\n');
  };

  for (const [way, kernel] of WAYS) {
    test(`by ${way}: killed at any step, it is finished by the next start`, async (t) => {
      const names = await stepsOfUpgrade(t, way);
      const commit = names.indexOf('Upgrade.commit') + 1;
      for (const step of draw(names)) {
        await t.test(`step ${step} of ${names.length}: ${names[step - 1]}`, async (t) => {
          const world = await begin(t, kernel);
          await underTraffic(world, async () => {
            await world.kill();
            const stepsFile = join(folder, 'steps');
            const dying = world.start(kernel, { main, stepsFile, fatalStep: step });
            await assert.rejects(dying, /the daemon has ended/);
            assert.equal(await world.connect('carl'), 'silence');
            // Until the flows are carried over, the older build may come back as well.
            if (step <= commit) {
              await world.start(kernel);
              assert.deepEqual(world.layouts(), [own]);
              await world.kill();
            }
            await world.start(kernel, { main });
            world.assertAttached(kernel);
            assert.equal(world.layouts().length, 1);
          });
          // By the agent that has done the upgrade.
          await world.client.uninstall();
          assert.equal(existsSync(world.bpffs), false);
        });
      }
    });
  }

  test('a build that does not know what becomes of the entries is refused', async (t) => {
    const kernel = ANY;
    const world = await begin(t, kernel);
    await world.kill();
    // The last test: nobody upgrades to it any more.
    forgetMigration(folder);
    await assert.rejects(world.start(kernel, { main }), /ERR_MIGRATION/);
    assert.deepEqual(world.layouts(), [own]);
    assert.equal(await world.connect('anna'), 'connected');
    assert.equal(await world.connect('carl'), 'silence');
    await world.start(kernel);
  });
});

/** Numbers of steps, from 1 on, as the seed has it: of each name one, until there are enough. */
function draw(names: readonly string[]): number[] {
  const all = names.map((_, index) => index + 1);
  if (DEATHS === 'all') return all;
  let state = SEED >>> 0;
  const pick = <T>(from: T[]): T => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return from.splice(Math.floor((state / 2 ** 32) * from.length), 1)[0]!;
  };
  const kinds = [...new Set(names)];
  return Array.from({ length: Math.min(Number(DEATHS), kinds.length) }, () => {
    const kind = pick(kinds);
    return pick(all.filter((step) => names[step - 1] === kind));
  });
}
