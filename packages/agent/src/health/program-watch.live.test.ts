/** What the watch does about an interface that goes while it is looked at. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createNamespace, deleteNamespace, Network } from '@skep/netlink';
import { LINK_GROUP } from '../devices/endpoint-device.ts';
import { Problems } from './problems.ts';
import { ProgramWatch } from './program-watch.ts';

const PREFIX = `skep-watch-${process.pid}`;
const ENDPOINT = {
  ...{ id: 7, state: 'ready', name: 'anna', namespace: 'test' },
  ...{ ipv4: '10.97.0.7', networkNamespace: '/proc/self/ns/net' },
};
const DEVICE = 'skep7';
const UPLINK = 'up0';

/** A node of one endpoint and one uplink. @param missing what a look at programs finds */
function begin(t: TestContext, missing: (network: Network, name: string) => readonly string[]) {
  const name = `${PREFIX}-${t.name.length}`;
  createNamespace(name);
  t.after(() => deleteNamespace(name));
  const network = new Network(`/run/netns/${name}`);
  t.after(() => network.close());
  const peer = { namespace: network.namespace };
  network.links.createVeth({ name: DEVICE, group: LINK_GROUP, peer: { name: 'in7', ...peer } });
  network.links.createVeth({ name: UPLINK, peer: { name: 'far', ...peer } });
  const told: string[] = [];
  const problems = new Problems((occurrence) => {
    if (occurrence.kind === 'problem') told.push(occurrence.problem);
  });
  const look = (name: string) => (): readonly string[] => missing(network, name);
  const gone = (): never => {
    throw new Error('ENODEV: no such device');
  };
  const watch = new ProgramWatch({
    memory: {
      endpoints: new Map([[ENDPOINT.id, ENDPOINT]]),
      current: { uplinks: [network.links.get(UPLINK)] },
    },
    kernel: {
      ...{ missingPrograms: look(DEVICE), attach: gone, detachStrays: () => [] },
      ...{ missingUplinkPrograms: look(UPLINK), attachUplink: gone, detachUplinkStrays: () => [] },
    },
    ...{ network, problems },
  } as never);
  return { watch, told };
}

function deleteLink({ links }: Network, name: string): void {
  if (links.find(name)) links.delete(name);
}

test('routes of a device that goes meanwhile are no problem', (t) => {
  const { watch, told } = begin(t, (network) => {
    deleteLink(network, DEVICE);
    return [];
  });
  watch.check();
  assert.deepEqual(told, []);
});

test('programs of interfaces that go meanwhile are no problem', (t) => {
  const asked: string[] = [];
  const { watch, told } = begin(t, (network, name) => {
    asked.push(name);
    deleteLink(network, name);
    return ['to-endpoint'];
  });
  watch.check();
  assert.deepEqual(told, []);
  assert.deepEqual(asked, [DEVICE, DEVICE, UPLINK]);
});

test('programs that cannot be attached to a device that is there are one', (t) => {
  const { watch, told } = begin(t, () => ['to-endpoint']);
  watch.check();
  assert.deepEqual(told, [
    'endpoint test/anna: its programs cannot be attached again: Error: ENODEV: no such device',
    `uplink ${UPLINK}: its programs cannot be attached again: Error: ENODEV: no such device`,
  ]);
});
