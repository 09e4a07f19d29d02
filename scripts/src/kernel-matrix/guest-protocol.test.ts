import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type GuestMessage, messageLine, messageReader } from './guest-protocol.ts';

const messages: GuestMessage[] = [
  { kind: 'ready', release: '6.1.0' },
  { kind: 'output', text: 'two\nlines\n' },
  { kind: 'exit', status: 3 },
];
const text = messages.map(messageLine).join('');

for (const size of [1, 7, text.length]) {
  test(`messages come through in pieces of ${size}`, () => {
    const found: GuestMessage[] = [];
    const read = messageReader<GuestMessage>((message) => found.push(message));
    for (let at = 0; at < text.length; at += size) read(text.slice(at, at + size));
    assert.deepEqual(found, messages);
  });
}
