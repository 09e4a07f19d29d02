/** A container in several networks: every interface answers by itself, and goes alone. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Talker } from '@skep/agent/testing';
import { canUseBpf } from '@skep/bpf';
import type { InstalledRoute } from '@skep/netlink';
import { formatAddress, parseAddress, parsePrefix } from '@skep/wire';
import type { CniResult } from './result.ts';
import { PluginWorld } from './testing/plugin-world.ts';
import type { Attached } from './testing/runtime.ts';

const PORT = 7000;
const DEFAULTS = ['0.0.0.0/0', '::/0'].map(parsePrefix);

describe('a container in several networks', { skip: canUseBpf() ?? false }, () => {
  const world = new PluginWorld('networks');
  const { anna, bert } = world;
  const net1 = { ...anna, interfaceName: 'net1' };
  let talkers: Record<'anna' | 'bert', Talker>;

  before(async () => {
    await world.setUp();
    talkers = {
      anna: new Talker(anna.networkNamespace),
      bert: new Talker(bert.networkNamespace),
    };
    for (const talker of Object.values(talkers)) await talker.ask({ serve: PORT });
  });
  after(async () => {
    for (const talker of Object.values(talkers)) talker.stop();
    await world.tearDown();
  });

  const addressesOf = ({ ips = [] }: CniResult): string[] => {
    return ips.map(({ address }) => address.split('/')[0]!);
  };
  const assertReached = async (from: 'anna' | 'bert', ...results: CniResult[]): Promise<void> => {
    for (const connect of results.flatMap(addressesOf)) {
      const ask = (): Promise<string> => talkers[from].ask({ connect, port: PORT });
      let answer = await ask();
      // What an earlier connection still sends may have begun to ask for the gateway too early, and
      // a busy machine may be late.
      for (let tries = 1; tries < 4 && answer !== 'connected'; tries++) answer = await ask();
      assert.equal(answer, 'connected', `${from} to ${connect}`);
    }
  };
  const keyOf = ({ containerId, interfaceName = 'eth0' }: Attached) => {
    return { containerId, interfaceName };
  };
  const rules = (): number[] =>
    world.within('anna', (network) =>
      ([4, 6] as const).flatMap((family) => network.rules.list(family)).map(({ table }) => table),
    );

  for (const [goes, stays] of [
    [net1, anna],
    [anna, net1],
  ] as const) {
    const name = stays === anna ? 'eth0' : 'net1';
    test(`both answer, and ${name} goes on when the other has gone`, async () => {
      const before = rules();
      const results = new Map<object, CniResult>();
      for (const attached of [anna, net1]) results.set(attached, await world.add(attached));
      const peer = await world.add(bert);
      for (const [attached, prevResult] of results) {
        const checked = await world.call('CHECK', attached as typeof anna, { prevResult });
        assert.deepEqual(checked, { status: 0 });
      }
      await assertReached('bert', ...results.values());
      await assertReached('anna', peer);
      assert.deepEqual(await world.call('DEL', goes), { status: 0 });
      const prevResult = results.get(stays)!;
      assert.deepEqual(await world.call('CHECK', stays, { prevResult }), { status: 0 });
      await assertReached('bert', prevResult);
      await assertReached('anna', peer);
      await world.call('DEL', stays);
      assert.deepEqual(rules(), before);
      await world.call('DEL', bert);
      await world.assertNothingLeft();
    });
  }

  test('a network that could not come takes nothing of another along', async () => {
    const prevResult = await world.add(anna);
    await world.add(bert);
    const other = { name: 'other' };
    const { status, json } = await world.call('ADD', anna, other);
    assert.deepEqual([status, json?.code], [1, 100]);
    // As the specification has it after an ADD that failed; and after that nothing is there.
    for (const network of [other, { name: 'third' }]) {
      assert.deepEqual(await world.call('DEL', anna, network), { status: 0 });
      const checked = await world.call('CHECK', anna, { ...network, prevResult });
      assert.deepEqual([checked.status, checked.json?.code], [1, 3]);
      const none = { 'cni.dev/valid-attachments': [] };
      assert.deepEqual(await world.call('GC', {}, { ...network, ...none }), { status: 0 });
    }
    assert.deepEqual(await world.call('CHECK', anna, { prevResult }), { status: 0 });
    await assertReached('bert', prevResult);
    // What one network has of a name, no list of another keeps.
    const listed = { 'cni.dev/valid-attachments': [{ containerID: 'bert', ifname: 'eth0' }] };
    assert.deepEqual(await world.call('GC', {}, listed), { status: 0 });
    assert.equal((await world.only()).name, 'bert');
    assert.deepEqual(await world.call('DEL', bert), { status: 0 });
    await world.assertNothingLeft();
  });

  test('an ADD that is asked again is not answered with what another network has', async () => {
    await world.add(anna);
    const { attachment, ...endpoint } = await world.only();
    const { name, namespace, networkNamespace } = endpoint;
    const request = { name, namespace, networkNamespace, wantsAddresses: true };
    const again = (network: string): Promise<unknown> =>
      world.agent.addEndpoint({ ...request, attachment: { ...attachment!, network } }, true);
    await assert.rejects(again('other'), { code: 'ERR_ENDPOINT_EXISTS' });
    await again('trial');
    assert.equal(await world.agent.removeAttachment({ ...keyOf(anna), network: 'other' }), false);
    // A plugin of an earlier build does not say which.
    assert.equal(await world.agent.removeAttachment(keyOf(anna)), true);
    await world.assertNothingLeft();
  });

  test('a way out that another plugin has made stays the first', async () => {
    const waysOut = (): (string | undefined)[] =>
      world.within('anna', ({ routes, links }) => {
        const { index } = links.get('theirs');
        const isTheirs = ({ linkIndex, destination }: InstalledRoute): boolean => {
          return linkIndex === index && destination.length === 0;
        };
        return routes
          .list({ table: 254 })
          .filter(isTheirs)
          .map(({ via }) => formatAddress(via!));
      });
    world.within('anna', ({ links, routes }) => {
      const peer = { name: 'others' };
      const linkIndex = links.createVeth({ name: 'theirs', isUp: true, peer }).index;
      links.set('others', { isUp: true });
      for (const [destination, via] of [
        [DEFAULTS[0]!, '192.0.2.33'],
        [DEFAULTS[1]!, 'fe80::33'],
      ] as const) {
        routes.add({ destination, via: parseAddress(via), linkIndex, isOnLink: true });
      }
    });
    const before = waysOut();
    assert.deepEqual(before, ['192.0.2.33', 'fe80::33']);
    const prevResult = await world.add(net1);
    await world.add(bert);
    assert.deepEqual(waysOut(), before);
    await assertReached('bert', prevResult);
    assert.deepEqual(await world.call('CHECK', net1, { prevResult }), { status: 0 });
    world.within('anna', (network) => {
      const own = network.rules.list(4).find(({ from }) => from !== undefined);
      network.rules.delete(own!);
    });
    const { status, json } = await world.call('CHECK', net1, { prevResult });
    assert.deepEqual([status, json?.code], [1, 101]);
    assert.match(json!.msg!, /way out of 10\.95\.0\.\d+ by table \d+: it is gone$/);
    for (const attached of [net1, bert]) await world.call('DEL', attached);
    assert.deepEqual(waysOut(), before);
    world.within('anna', ({ links }) => links.delete('theirs'));
    await world.assertNothingLeft();
  });
});
