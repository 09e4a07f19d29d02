/**
 * An agent with masquerade that is replaced by a build whose tables of it have another layout: no
 * connection of an endpoint to the world notices, wherever that build is killed on the way.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { forgetMasqueradeMigration, makeNextBuild } from '@skep/agent/testing';
import { canUseBpf } from '@skep/bpf';
import { MasqueradeWorld, NEAR, NODE, SERVER_PORT as port } from './testing/masquerade-world.ts';

const FAMILIES = [4, 6] as const;
/** Steps of the upgrade to die at, drawn by the seed; `all` for every one. */
const DEATHS = process.env.SKEP_DEATHS ?? '2';
const SEED = Number(process.env.SKEP_SEED ?? Date.now() % 100_000);
const EXCHANGES = 200;

describe(`an upgrade of masquerade, seed ${SEED}`, { skip: canUseBpf() ?? false }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'skep-next-'));
  const steps = join(folder, 'steps');
  let main: string;
  before(() => {
    main = makeNextBuild(folder);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const begin = async (t: TestContext): Promise<MasqueradeWorld> => {
    const world = new MasqueradeWorld();
    t.after(() => world.tearDown());
    await world.setUp({});
    return world;
  };

  /** Old and new connections and datagrams of both families, until the task has ended. */
  const underTraffic = async (world: MasqueradeWorld, task: () => Promise<void>): Promise<void> => {
    const seen = new Map<number, string>();
    for (const family of FAMILIES) {
      const request = { do: 'tcp', name: `old ${family}`, address: NEAR[family], port } as const;
      seen.set(family, await world.ask('anna', request));
      assert.ok(seen.get(family)!.startsWith(`${NODE[family]} `));
    }
    let isOver = false;
    const old = (async () => {
      while (!isOver) {
        for (const family of FAMILIES) {
          const request = { do: 'exchange', name: `old ${family}`, count: 10 } as const;
          assert.equal(await world.ask('anna', request), seen.get(family), 'the same port, always');
        }
      }
    })();
    const fresh = (async () => {
      for (let count = 0; !isOver || count < EXCHANGES; count++) {
        const family = FAMILIES[count % 2]!;
        const kind = count % 3 === 0 ? 'udp' : 'tcp';
        const request = { do: kind, name: `new ${count}`, address: NEAR[family], port } as const;
        const answer = await world.ask('bert', request);
        assert.ok(answer.startsWith(`${NODE[family]} `), `${kind} ${count}: ${answer}`);
        if (kind === 'udp') continue;
        assert.equal(await world.ask('bert', { do: 'say', name: `new ${count}` }), answer);
      }
    })();
    // What fails meanwhile is told when the task has ended.
    const traffic = Promise.all([old, fresh]);
    traffic.catch(() => {});
    try {
      await task();
      await setTimeout(200);
    } finally {
      isOver = true;
    }
    await traffic;
  };

  test('traffic goes on under its ports, and there is no way back', async (t) => {
    const world = await begin(t);
    const [own] = world.layouts();
    await underTraffic(world, async () => {
      await world.killAgent();
      await world.startBuild(main, [steps, '0']);
    });
    const [next, ...others] = world.layouts();
    assert.deepEqual([next !== own, others], [true, []]);
    await underTraffic(world, async () => {
      await world.killAgent();
      await assert.rejects(world.startAgent({}), /agent has ended/);
      assert.deepEqual(world.layouts(), [next]);
      await world.startBuild(main);
    });
    assert.deepEqual((await world.client.status()).problems, []);
  });

  test('killed at any step, it is finished by the next start', async (t) => {
    const names = readFileSync(steps, 'utf8').trim().split('\n');
    const all = [...names.keys()].filter((index) => names[index]!.startsWith('MasqueradeUpgrade.'));
    assert.ok(all.length >= 7, names.join());
    for (const index of draw(all)) {
      await t.test(`step ${index + 1}: ${names[index]}`, async (t) => {
        const world = await begin(t);
        const own = world.layouts();
        await underTraffic(world, async () => {
          await world.killAgent();
          const dying = world.startBuild(main, [steps, String(index + 1)]);
          await assert.rejects(dying, /agent has ended/);
          await world.startBuild(main);
        });
        assert.equal(world.layouts().length, 1);
        assert.notDeepEqual(world.layouts(), own);
      });
    }
  });

  test('a build that does not know what becomes of the entries is refused', async (t) => {
    const world = await begin(t);
    const own = world.layouts();
    // The last test: nobody upgrades to it any more.
    forgetMasqueradeMigration(folder);
    await underTraffic(world, async () => {
      await world.killAgent();
      await assert.rejects(world.startBuild(main), /agent has ended/);
      assert.deepEqual(world.layouts(), own);
      await world.startAgent({});
    });
  });
});

/** Some of them, as the seed has it. */
function draw(all: number[]): number[] {
  if (DEATHS === 'all') return all;
  const start = SEED % all.length;
  const count = Math.min(Number(DEATHS), all.length);
  return Array.from({ length: count }, (_, each) => {
    return all[(start + Math.floor((each * all.length) / count)) % all.length]!;
  });
}
