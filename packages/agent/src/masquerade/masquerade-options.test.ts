import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UNMASQUERADED_PREFIXES_MAX } from '@skep/contract';
import { readExceptions } from './masquerade-options.ts';

test('more exceptions than there is room for are refused by name', () => {
  const except = Array.from({ length: UNMASQUERADED_PREFIXES_MAX + 1 }, (_, index) => {
    return `10.${index >> 8}.${index & 255}.0/24`;
  });
  const message = /1025 exceptions, expected at most 1024 \(name wider prefixes/;
  assert.throws(() => readExceptions({ except }), { code: 'ERR_MASQUERADE', message });
  assert.equal(readExceptions({ except: except.slice(1) }).length, UNMASQUERADED_PREFIXES_MAX);
});
