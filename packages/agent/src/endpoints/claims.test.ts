import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENDPOINTS_MAX } from '@skep/contract';
import type { StoredEndpoint } from '../state/schema.ts';
import { Claims } from './claims.ts';

function endpoints(count: number): Map<number, StoredEndpoint> {
  const ids = Array.from({ length: count }, (_, index) => index + 1);
  return new Map(
    ids.map((id) => {
      const names = { name: `box${id}`, namespace: 'test', labels: {}, networkNamespace: '/x' };
      return [id, { ...names, id, state: 'ready' }];
    }),
  );
}

test('one endpoint more than there are ids is refused by name', () => {
  const all = endpoints(ENDPOINTS_MAX);
  const claims = new Claims(all);
  const message = 'add endpoint: all 4095 are taken (remove endpoints, or use more nodes)';
  assert.throws(() => claims.freeId(7), { code: 'ERR_ENDPOINT_LIMIT', message });
  all.delete(5);
  assert.equal(claims.freeId(7), 5);
});

test('an attachment is found by its network, and what no runtime asked for by none', () => {
  const all = endpoints(2);
  const [network, containerId, interfaceName] = ['shop', 'c1', 'eth0'];
  all.set(1, { ...all.get(1)!, attachment: { network, containerId } });
  const claims = new Claims(all);
  const key = { containerId, interfaceName };
  assert.equal(claims.findAttachment({ ...key, network })?.id, 1);
  assert.equal(claims.findAttachment({ ...key, network: 'other' }), undefined);
  assert.equal(claims.findAttachment({ ...key, network, interfaceName: 'net1' }), undefined);
  // A plugin of an earlier build means whichever network it is.
  assert.equal(claims.findAttachment(key)?.id, 1);
  // Added by hand, to a namespace and not to a container.
  const byHand = { network, containerId: 'box2', interfaceName };
  assert.equal(claims.findAttachment(byHand), undefined);
});
