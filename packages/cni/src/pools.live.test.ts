/** A pool of two addresses, and who is told how many of them are left. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { canUseBpf } from '@skep/bpf';
import { PluginWorld } from './testing/plugin-world.ts';

describe('a pool of two addresses', { skip: canUseBpf() ?? false }, () => {
  const world = new PluginWorld('pools');
  const { anna, bert } = world;
  before(() => world.setUp(['10.96.0.1-10.96.0.2', 'fd96::/64']));
  after(() => world.tearDown());

  test('used up, it is told by STATUS, the status and the metrics', async () => {
    const numbers = (): (number | undefined)[] => {
      const { ipamCapacity, ipAddresses, ipamCooling } = world.agent.readings();
      return [ipamCapacity, ipAddresses, ipamCooling].map((samples) => {
        return samples.find(({ labels }) => labels?.family === 'ipv4')?.value;
      });
    };
    const problems = async (): Promise<readonly string[]> => (await world.agent.status()).problems;
    assert.deepEqual(numbers(), [2, 0, 0]);
    assert.deepEqual(await problems(), []);
    assert.deepEqual(await world.call('STATUS', {}), { status: 0 });
    for (const attached of [anna, bert]) await world.add(attached);
    await world.call('DEL', bert);
    assert.deepEqual(numbers(), [2, 1, 1]);
    assert.deepEqual(await problems(), [
      'IPv4 pool 10.96.0.1-10.96.0.2: no address is free, 1 of 2 taken and 1 cooling down: ' +
        'endpoints that need one are refused (give the agent one more --pool, or remove endpoints)',
    ]);
    const { status, json } = await world.call('ADD', bert);
    assert.deepEqual([status, json?.code], [1, 11]);
    const told = await world.call('STATUS', {});
    assert.deepEqual([told.status, told.json?.code], [1, 50]);
    await world.call('DEL', anna);
    assert.deepEqual(numbers(), [2, 0, 2]);
    await world.assertNothingLeft();
  });
});
