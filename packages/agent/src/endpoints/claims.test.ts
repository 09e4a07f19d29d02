import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENDPOINTS_MAX } from '@skep/contract';
import type { StoredEndpoint } from '../state/schema.ts';
import type { EndpointRequest } from '../views.ts';
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

/** What somebody is told who asks for something that the first endpoint has. */
function refusalOf(request: Partial<EndpointRequest>): string {
  const [first] = endpoints(1).values();
  const attachment = { network: 'net', containerId: 'c1' };
  const holder: StoredEndpoint = { ...first!, ipv4: '10.0.0.1', attachment };
  const asked = { name: 'box2', namespace: 'test', labels: {}, networkNamespace: '/y', ...request };
  try {
    new Claims(new Map([[1, holder]])).check(asked);
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'ERR_ENDPOINT_EXISTS');
    return (error as Error).message;
  }
  throw new Error('nothing was refused');
}

test('who has what is asked for is told, and nobody that he has his own name', () => {
  assert.equal(
    refusalOf({ name: 'box1' }),
    'add endpoint test/box1: there is one of that name (remove it first, or give another name)',
  );
  assert.equal(
    refusalOf({ ipv4: '10.0.0.1' }),
    'add endpoint test/box2: 10.0.0.1 belongs to test/box1',
  );
  assert.equal(
    refusalOf({ attachment: { network: 'net', containerId: 'c1' } }),
    'add endpoint test/box2: interface eth0 of container c1 belongs to test/box1',
  );
  const again = { name: 'box1', attachment: { network: 'net', containerId: 'c1' } };
  assert.equal(
    refusalOf(again),
    'add endpoint test/box1: interface eth0 of container c1 belongs to test/box1',
  );
});
