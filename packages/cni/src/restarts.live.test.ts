/** Agents that start anew, plugins that are killed, containers that nobody tells of. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { canUseBpf } from '@skep/bpf';
import { PluginWorld } from './testing/plugin-world.ts';
import type { Attached } from './testing/runtime.ts';

const SEED = Number(process.env.SKEP_SEED ?? Date.now() % 100_000);
const KILLS = 6;
/** Within this a plugin starts, asks and answers, or not. */
const KILL_MILLISECONDS_MAX = 600;
/** Of each of six interfaces. */
const CHURN_ROUNDS = 4;

/** Numbers from 0 to 1, the same ones for the same seed. */
function newDraw(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe(`a plugin in hard times, seed ${SEED}`, { skip: canUseBpf() ?? false }, () => {
  const world = new PluginWorld('restarts');
  const { anna, bert } = world;
  before(() => world.setUp());
  after(() => world.tearDown());

  test('a container whose end was never told does not stand in the way', async () => {
    await world.add({ ...anna, args: 'K8S_POD_NAME=web' });
    world.within('anna', ({ links }) => links.delete('eth0'));
    await world.add({ ...bert, args: 'K8S_POD_NAME=web' });
    assert.equal((await world.only()).attachment?.containerId, 'bert');
    await world.call('DEL', bert);
  });

  test('containers that went while no agent ran are forgotten', async () => {
    await world.add(anna);
    await world.stop();
    world.within('anna', ({ links }) => links.delete('eth0'));
    await world.start();
    await world.assertNothingLeft();
    assert.deepEqual((await world.agent.status()).problems, []);
    assert.deepEqual(await world.call('DEL', anna), { status: 0 });
  });

  test('a call made while the agent starts anew waits and succeeds', async () => {
    await world.stop();
    const added = world.call('ADD', anna);
    await world.start();
    assert.equal((await added).status, 0);
    await world.stop();
    const removed = world.call('DEL', anna);
    await world.start();
    assert.deepEqual(await removed, { status: 0 });
    await world.assertNothingLeft();
  });

  test('an agent that does not come back is told in time', async () => {
    await world.stop();
    const { status, json } = await world.call('ADD', anna, { waitSeconds: 0.3 });
    assert.deepEqual([status, json?.code], [1, 11]);
    const asked = await world.call('STATUS', {});
    assert.deepEqual([asked.status, asked.json?.code], [1, 50]);
    await world.start();
    assert.deepEqual(await world.call('STATUS', {}), { status: 0 });
  });

  test('a plugin that is killed leaves nothing that DEL does not take', async () => {
    const draw = newDraw(SEED);
    for (let kill = 0; kill < KILLS; kill++) {
      await world.call('ADD', anna, {}, draw() * KILL_MILLISECONDS_MAX);
      assert.deepEqual(await world.call('DEL', anna), { status: 0 });
      await world.assertNothingLeft();
    }
    await world.add(anna);
    await world.call('DEL', anna);
  });

  test('containers that come and go while agents and plugins end leave nothing', async () => {
    const draw = newDraw(SEED);
    const failures: unknown[] = [];
    /** Some calls are killed; what is not killed succeeds, whatever the agent goes through. */
    const live = async (attached: Attached): Promise<void> => {
      for (let round = 0; round < CHURN_ROUNDS; round++) {
        const killAfter = draw() < 0.3 ? draw() * KILL_MILLISECONDS_MAX : undefined;
        const added = await world.call('ADD', attached, {}, killAfter);
        if (killAfter === undefined && added.status !== 0) failures.push(added.json);
        const removed = await world.call('DEL', attached);
        if (removed.status !== 0) failures.push(removed.json);
      }
    };
    const interfaces = ['eth0', 'net1', 'net2'];
    const workers = [anna, bert].flatMap((container) =>
      interfaces.map((interfaceName) => live({ ...container, interfaceName })),
    );
    const all = Promise.all(workers);
    for (let restart = 0; restart < 3; restart++) {
      await new Promise((resolve) => setTimeout(resolve, draw() * 1500));
      await world.stop();
      await world.start();
    }
    await all;
    assert.deepEqual(failures, []);
    await world.assertNothingLeft();
  });

  test('a pool that is used up is an error to try again later', async () => {
    await world.stop();
    await world.start(['10.95.9.1']);
    await world.add(anna);
    const { json } = await world.call('ADD', bert);
    assert.equal(json?.code, 11);
    assert.match(json!.msg!, /all 1 addresses of the IPv4 pool 10\.95\.9\.1 are taken/);
    const asked = await world.call('STATUS', {});
    assert.deepEqual([asked.status, asked.json?.code], [1, 50]);
    await world.call('DEL', anna);
    await world.stop();
    // The node's own.
    await world.start(['192.0.2.1']);
    assert.equal((await world.call('ADD', bert)).json?.code, 11);
    assert.equal((await world.call('STATUS', {})).json?.code, 50);
    await world.stop();
    await world.start();
    await world.assertNothingLeft();
  });

  test('ADD whose answer was lost is answered with what it made, for its container', async () => {
    const lossy = await world.loseAnswers(1);
    const result = await world.add(anna, { socket: lossy.path });
    assert.equal(lossy.lost, 1);
    const { ipv4, attachment } = await world.only();
    assert.equal(result.ips![0]!.address, `${ipv4}/32`);
    assert.equal(attachment!.containerId, 'anna');

    // What another namespace's container of the same name has made is not its own.
    const again = await world.loseAnswers(1);
    const stranger = { ...anna, networkNamespace: bert.networkNamespace };
    const refused = await world.call('ADD', stranger, { socket: again.path });
    assert.deepEqual([refused.status, refused.json?.code, again.lost], [1, 100, 1]);
    await world.call('DEL', anna);

    const lastly = await world.loseAnswers(1);
    const removed = await world.call('DEL', anna, { socket: lastly.path });
    assert.deepEqual([removed, lastly.lost], [{ status: 0 }, 1]);
    await world.assertNothingLeft();
  });
});
