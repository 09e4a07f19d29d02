import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errnoName, KernelError } from './kernel-error.ts';

test('a message says operation, subject, detail, cause and advice', () => {
  const error = new KernelError('create map', 1, {
    subject: 'flows',
    detail: 'hash',
    advice: 'needs root',
  });
  const text = 'create map flows: hash: EPERM: operation not permitted (needs root)';
  assert.equal(error.message, text);
  assert.equal(error.errno, 1);
  assert.equal(error.errnoName, 'EPERM');
  assert.equal(error.code, 'ERR_KERNEL');
  assert.equal(new KernelError('close', 9).message, 'close: EBADF: bad file descriptor');
});

test('numbers that node does not know have names too', () => {
  assert.equal(errnoName(116), 'ESTALE');
  assert.equal(errnoName(524), 'ENOTSUPP');
  assert.equal(errnoName(4242), 'errno 4242');
});
