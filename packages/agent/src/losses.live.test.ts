/** What is taken away from an agent: it says so, and makes it again or leaves it. */
import assert from 'node:assert/strict';
import fs, { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { canUseBpf, hasTcx, queryTcx } from '@skep/bpf';
import { currentLayout, events, layoutName } from '@skep/datapath';
import { inNetworkNamespace, unmount } from '@skep/sys';
import { Agent } from './agent.ts';
import { ANNA, LoneNode, pathOf, POLICY } from './testing/lone-node.ts';

const node = new LoneNode();
const { options, state } = node;

describe('an agent that cannot', { skip: canUseBpf() ?? false }, () => {
  let agent: Agent | undefined;

  before(() => node.create());

  afterEach(async () => {
    await agent?.uninstall();
    agent = undefined;
  });

  after(() => node.remove());

  test('find its pins any more makes them again, and goes on deciding', async () => {
    agent = Agent.start(options);
    const { hostInterface } = await agent.addEndpoint(ANNA);
    const index = node.inNode((network) => network.links.get(hostInterface).index);
    const programs = (): number =>
      hasTcx()
        ? inNetworkNamespace(pathOf('node'), () => queryTcx(index, 'ingress').programs.length)
        : node.inNode((network) => network.trafficControl.listFilters(index, 'ingress').length);
    unmount(options.bpffsDirectory);
    assert.equal(programs(), 1);
    const pin = join(options.bpffsDirectory, 'maps', layoutName(currentLayout()), events.name);
    for (let wait = 0; wait < 200 && !existsSync(pin); wait++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.match((await agent.status()).problems.join(), /somebody has removed the pins/);
    agent.stop();
    assert.equal(programs(), 1);
    agent = Agent.start(options);
    assert.equal((await agent.listEndpoints())[0]?.state, 'ready');
  });

  for (const what of ['taken away', 'replaced', 'emptied'] as const) {
    test(`find its state any more, which was ${what}, writes it anew`, async () => {
      agent = Agent.start(options);
      await agent.addEndpoint(ANNA);
      const moved = `${state}.moved`;
      if (what === 'emptied') fs.linkSync(state, moved);
      else fs.renameSync(state, moved);
      if (what === 'emptied') fs.truncateSync(state);
      if (what === 'replaced') fs.copyFileSync(moved, state);
      const { ino } = fs.statSync(moved);
      await agent.applyPolicies(POLICY, 'anna.yaml');
      for (let wait = 0; wait < 200; wait++) {
        if (/written anew/.test((await agent.status()).problems.join())) break;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assert.notEqual(fs.statSync(state).ino, ino);
      const { problems } = await agent.status();
      assert.match(problems.join(), /^somebody has taken .*state\.journal away, or changed it: it/);
      rmSync(moved);
      // As it is told to end, before anybody has looked.
      rmSync(state);
      agent.stop();
      agent = Agent.start(options);
      assert.equal((await agent.listEndpoints()).length, 1);
      assert.equal((await agent.listPolicies()).length, 1);
    });
  }

  test('keep forwarding as it was puts it back', async () => {
    const link = node.inNode((network) => {
      network.settings.writeLink(4, 'lo', 'forwarding', 1);
      return network.settings.readLink(4, 'lo', 'forwarding');
    });
    agent = Agent.start(options);
    assert.equal(node.forwarding(), '1');
    agent.stop();
    assert.equal(node.forwarding(), '1', 'traffic goes on without it');
    agent = Agent.start(options);
    await agent.uninstall();
    assert.equal(node.forwarding(), '0');
    assert.equal(
      node.inNode((network) => network.settings.readLink(4, 'lo', 'forwarding')),
      link,
    );
  });

  test('find a device says so until its endpoint is made anew', async () => {
    agent = Agent.start(options);
    const { hostInterface } = await agent.addEndpoint(ANNA);
    agent.stop();
    node.inNode(({ links }) => links.delete(hostInterface));
    agent = Agent.start(options);
    assert.match((await agent.status()).problems.join(), /anna: its device skep\d+ is gone/);
    await agent.removeEndpoint('test/anna');
    assert.deepEqual((await agent.status()).problems, []);
    await agent.addEndpoint(ANNA);
    assert.deepEqual((await agent.status()).problems, []);
  });

  test('find a device takes none of the same name that somebody else has made', async () => {
    agent = Agent.start(options);
    const { hostInterface } = await agent.addEndpoint(ANNA);
    agent.stop();
    node.inNode(({ links }) => {
      links.delete(hostInterface);
      links.createVeth({ name: hostInterface, peer: { name: 'theirs' } });
    });
    agent = Agent.start(options);
    assert.match((await agent.status()).problems.join(), /its device skep\d+ is gone/);
    const index = node.inNode((network) => network.links.get(hostInterface).index);
    assert.deepEqual(
      node.inNode((network) => network.trafficControl.listFilters(index, 'ingress')),
      [],
    );
    await agent.uninstall();
    assert.equal(node.interfaces().includes(hostInterface), true);
    node.inNode(({ links }) => links.delete(hostInterface));
  });
});
