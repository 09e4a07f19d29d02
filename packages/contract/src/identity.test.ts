import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  IDENTITY_ALLOCATED_FIRST,
  IDENTITY_ALLOCATED_LAST,
  IDENTITY_LOCAL_FIRST,
  IDENTITY_LOCAL_LAST,
  isManagedIdentity,
  ReservedIdentity,
} from './identity.ts';

test('endpoints and nodes are managed', () => {
  const managed = [ReservedIdentity.Host, ReservedIdentity.RemoteNode, ReservedIdentity.Health];
  for (const identity of [...managed, IDENTITY_ALLOCATED_FIRST, IDENTITY_ALLOCATED_LAST]) {
    assert.equal(isManagedIdentity(identity), true, `identity ${identity}`);
  }
});

test('the world, prefixes and what is unknown are not', () => {
  const world = [ReservedIdentity.World, ReservedIdentity.WorldIpv4, ReservedIdentity.WorldIpv6];
  const others = [ReservedIdentity.Unknown, IDENTITY_LOCAL_FIRST, IDENTITY_LOCAL_LAST];
  for (const identity of [...world, ...others]) {
    assert.equal(isManagedIdentity(identity), false, `identity ${identity}`);
  }
});

test('identities of prefixes have scope 1 and no other', () => {
  assert.equal(IDENTITY_LOCAL_FIRST >>> 24, 1);
  assert.equal(IDENTITY_LOCAL_LAST >>> 24, 1);
  assert.ok(IDENTITY_ALLOCATED_LAST < IDENTITY_LOCAL_FIRST);
});
