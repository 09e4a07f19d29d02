/** Whose labels an endpoint has: its container's, its network's, or nobody's, which closes it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ContainerLabels, type NewEndpoint, type RuntimeSockets } from './container-labels.ts';

const PODMAN = '5'.repeat(64);
const CONTAINERD = `default-${PODMAN}`;
/** Nobody listens there. */
const sockets = { containerdSocket: '/nowhere/ctr.sock', podmanSocket: '/nowhere/podman.sock' };
const endpoints = { awaitsLabels: () => false, learnLabels: () => {} };

async function complete(
  runtimes: RuntimeSockets,
  containerId: string,
  labels: Readonly<Record<string, string>>,
): Promise<NewEndpoint> {
  const request = { name: 'box', namespace: 'default', networkNamespace: '/run/netns/none' };
  const known = new ContainerLabels(runtimes, endpoints);
  try {
    return await known.complete({
      ...{ ...request, wantsAddresses: true },
      ...{ labels, attachment: { network: 'shop', containerId } },
    });
  } finally {
    known.close();
  }
}

test('where no runtime is asked, labels are those of the network', async () => {
  for (const container of [PODMAN, CONTAINERD]) {
    assert.deepEqual((await complete({}, container, {})).labels, {});
    assert.deepEqual((await complete({}, container, { app: 'web' })).labels, { app: 'web' });
  }
});

test("podman's containers get theirs later, whatever their network says", async () => {
  const { labels, networkLabels } = await complete(sockets, PODMAN, { app: 'web' });
  assert.deepEqual([labels, networkLabels], [undefined, { app: 'web' }]);
});

test("containerd's need its answer, whatever their network says", async () => {
  await assert.rejects(complete(sockets, CONTAINERD, { app: 'web' }), { code: 'ERR_CONTAINERD' });
});

test('those of a runtime that is not asked need labels of their network', async () => {
  const { containerdSocket } = sockets;
  const { labels } = await complete({ containerdSocket }, PODMAN, { app: 'web' });
  assert.deepEqual(labels, { app: 'web' });
  await assert.rejects(complete({ containerdSocket }, PODMAN, {}), {
    code: 'ERR_UNKNOWN_RUNTIME',
    message: /^container 5{64}: its name is none of containerd's, .* \(podman's\? .*--podman\)$/,
  });
});
