import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FlowView } from '@skep/agent';
import { formatFlow } from './observe.ts';

function flowOf(changes: Partial<FlowView>): FlowView {
  return {
    time: '2026-01-02T03:04:05.678Z',
    verdict: 'forwarded',
    source: { address: '10.0.0.1', port: 40_000, identity: 256, name: 'shop/anna' },
    destination: { address: '10.0.0.2', port: 80, identity: 257, name: 'shop/bert' },
    protocol: 'TCP',
    isReply: false,
    isNew: true,
    rules: [],
    lengthBytes: 74,
    count: 1,
    ...changes,
  };
}

const world = { identity: 2, name: 'world' };
const cases: readonly { name: string; have: Partial<FlowView>; want: string }[] = [
  {
    name: 'endpoints have names',
    have: {},
    want: 'shop/anna:40000 -> shop/bert:80  TCP  forwarded',
  },
  {
    name: 'IPv4 beside its port',
    have: { source: { ...world, address: '192.0.2.7', port: 53 } },
    want: 'world 192.0.2.7:53 -> shop/bert:80  TCP  forwarded',
  },
  {
    name: 'IPv6 beside its port',
    have: { source: { identity: 1, name: 'host', address: '2001:db8:7::', port: 7777 } },
    want: 'host [2001:db8:7::]:7777 -> shop/bert:80  TCP  forwarded',
  },
  {
    name: 'IPv6 without a port',
    have: { source: { ...world, address: 'fd99::' }, protocol: 'ICMPv6' },
    want: 'world fd99:: -> shop/bert:80  ICMPv6  forwarded',
  },
  {
    name: 'an address that somebody else sent from',
    have: { source: { identity: 0, name: 'unknown', address: '10.0.0.1', port: 53 } },
    want: 'unknown 10.0.0.1:53 -> shop/bert:80  TCP  forwarded',
  },
  {
    name: 'a frame of an endpoint whose addresses were not read',
    have: {
      verdict: 'dropped',
      reason: 'invalid source mac',
      protocol: '',
      source: { address: '', identity: 256, name: 'shop/anna' },
      destination: { address: '', identity: 0, name: '' },
    },
    want: 'shop/anna  dropped  invalid source mac',
  },
  {
    name: 'such a frame on its way to an endpoint',
    have: {
      verdict: 'dropped',
      reason: 'vlan filtered',
      protocol: '',
      source: { address: '', identity: 0, name: '' },
      destination: { address: '', identity: 256, name: 'shop/anna' },
    },
    want: '-> shop/anna  dropped  vlan filtered',
  },
  {
    name: 'such a frame of the world',
    have: {
      verdict: 'dropped',
      reason: 'truncated header',
      protocol: '',
      source: { address: '', identity: 2, name: 'world' },
      destination: { address: '', identity: 0, name: '' },
    },
    want: 'world  dropped  truncated header',
  },
];
for (const { name, have, want } of cases) {
  test(name, () => assert.equal(formatFlow(flowOf(have)), `03:04:05.678  ${want}`));
}
