import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  errorView,
  RequestError,
  readEndpointRequest,
  readExplainRequest,
  readFlowRequest,
  readLabelsRequest,
  statusOf,
} from './requests.ts';

const ENDPOINT = {
  name: 'anna',
  namespace: 'test',
  labels: { app: 'anna' },
  networkNamespace: '/run/netns/anna',
};

test('an endpoint is read as it was asked for', () => {
  assert.deepEqual(readEndpointRequest(JSON.stringify(ENDPOINT)), ENDPOINT);
});

test('what no endpoint has is refused by its name', () => {
  const text = JSON.stringify({ ...ENDPOINT, colour: 'red' });
  assert.throws(() => readEndpointRequest(text), /ERR_REQUEST|colour/);
});

test('a name that would look like another, or like nothing, is refused', () => {
  for (const name of ['a/b', 'a b', 'a\n', 'a\u001b[8m', 'a\u009b8m', 'a\u202e', 'a\u200b', '']) {
    const text = JSON.stringify({ ...ENDPOINT, name });
    assert.throws(() => readEndpointRequest(text), /name: expected a name without slashes/);
  }
  for (const namespace of ['My_ns', 'a.b', '-a', '', 'a'.repeat(64)]) {
    const text = JSON.stringify({ ...ENDPOINT, namespace });
    assert.throws(() => readEndpointRequest(text), /namespace: expected small letters, digits and/);
  }
  const ports = [{ name: 'web=TCP', protocol: 'TCP', port: 80 }];
  const text = JSON.stringify({ ...ENDPOINT, namedPorts: ports });
  assert.throws(() => readEndpointRequest(text), /namedPorts\.0\.name: expected letters/);
});

test('a label that no object keeps is refused, not left out', () => {
  const body = '{"labels":{"__proto__":"y","app":"a"}}';
  assert.throws(() => readLabelsRequest(body), /'__proto__' is no key/);
  assert.throws(() => readEndpointRequest(`{"labels":{"__proto__":"y"}}`), /'__proto__'/);
});

test('a relative path of a network namespace is refused', () => {
  const text = JSON.stringify({ ...ENDPOINT, networkNamespace: 'anna' });
  assert.throws(() => readEndpointRequest(text), /networkNamespace/);
});

test('a body that is not JSON is refused, not a crash', () => {
  assert.throws(() => readEndpointRequest('{'), RequestError);
});

test('a question without a protocol is about TCP', () => {
  const request = readExplainRequest(new URLSearchParams({ from: 'a/b', to: 'a/c', port: '80' }));
  assert.deepEqual(request, { from: 'a/b', to: 'a/c', port: '80', protocol: 'TCP' });
});

test('flows: the filter is apart from how many and whether to follow', () => {
  const request = readFlowRequest(new URLSearchParams('port=80&last=5&follow=1'));
  assert.deepEqual(request, { filter: { port: 80 }, last: 5, isFollowed: true });
  assert.throws(() => readFlowRequest(new URLSearchParams('port=70000')), RequestError);
});

test('an error has a code and a status, also where it is none of ours', () => {
  assert.deepEqual(errorView('no'), { code: 'ERR_INTERNAL', message: 'no' });
  assert.equal(statusOf(new RequestError('no such request', 404)), 404);
  assert.equal(statusOf({ code: 'ERR_ENDPOINT_EXISTS' }), 409);
  assert.equal(statusOf({ code: 'ERR_POLICY_REFUSED' }), 400);
  assert.equal(statusOf({ code: 'ERR_POLICY_PENDING' }), 409);
  assert.equal(statusOf(new Error('broken')), 500);
});
