import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createNamespace,
  deleteNamespace,
  listNamespaces,
  openNamespace,
  within,
} from './namespaces.ts';
import { Network } from './network.ts';
import { cannotMakeNamespaces } from './testing/sandbox.ts';

const skip = cannotMakeNamespaces;

test('a named namespace is made, found, entered and deleted', { skip }, (context) => {
  const name = `skep-test-${process.pid}`;
  createNamespace(name);
  context.after(() => deleteNamespace(name));
  assert.ok(listNamespaces().includes(name));
  assert.throws(() => createNamespace(name), /EEXIST/);
  const inside = within(name, () => new Network());
  const descriptor = openNamespace(name);
  const opened = new Network(descriptor);
  descriptor.close();
  try {
    inside.links.set('lo', { alias: 'the same' });
    assert.equal(opened.links.get('lo').alias, 'the same');
  } finally {
    inside.close();
    opened.close();
  }
  assert.equal(deleteNamespace(name), true);
  assert.equal(deleteNamespace(name), false);
  assert.equal(listNamespaces().includes(name), false);
});

test('a name that is not there, or that is none', { skip }, () => {
  assert.throws(() => openNamespace('skep-absent'), /ENOENT/);
  assert.throws(() => createNamespace('a/b'), TypeError);
});

test('a network outlives the name it was found by', { skip }, (context) => {
  const name = `skep-test-name-${process.pid}`;
  createNamespace(name);
  context.after(() => deleteNamespace(name));
  const network = new Network(openAndClose(name));
  deleteNamespace(name);
  network.links.set('lo', { isUp: true });
  network.settings.setForwarding(4, true);
  assert.equal(network.settings.read('ipv4/ip_forward'), '1');
  network.close();
});

/** A path, so that the network opens the namespace by itself. */
function openAndClose(name: string): string {
  openNamespace(name).close();
  return `/run/netns/${name}`;
}
