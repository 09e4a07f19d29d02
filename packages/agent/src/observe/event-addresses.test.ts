import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toWords } from '@skep/datapath';
import { formatAddress, parseAddress } from '@skep/wire';
import { eventAddress } from './event-addresses.ts';

function check(text: string): void {
  const found = eventAddress(toWords(parseAddress(text)));
  assert.equal(found.text, text);
  assert.equal(formatAddress(found.address), text);
}

test('an address is what its words say, also when they come again', () => {
  const texts = ['10.1.0.1', '10.1.0.2', 'fd00::1', 'fd00::2', 'fd00:0:0:1::1', '::1'];
  for (const text of [...texts, ...texts.reverse()]) check(text);
});

test('a flood of addresses is right, too, and so is who comes after it', () => {
  for (let index = 0; index < 10_000; index++) {
    check(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`);
    if (index % 1000 === 0) check('fd00::1');
  }
  check('10.0.0.0');
});
