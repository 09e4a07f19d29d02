import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPrefix, maskAddress, type Prefix } from '@skep/wire';
import fc from 'fast-check';
import { PrefixTree } from './prefix-tree.ts';
import { containsPrefix } from './prefixes.ts';

// Few bits vary, so that prefixes often contain each other.
const prefix = fc
  .record({ isIpv6: fc.boolean(), bits: fc.nat(255), at: fc.nat(3), length: fc.nat(32) })
  .map(({ isIpv6, bits, at, length }): Prefix => {
    const bytes = new Uint8Array(isIpv6 ? 16 : 4);
    bytes[at] = bits & 0x91;
    return { address: maskAddress({ family: isIpv6 ? 6 : 4, bytes }, length), length };
  });

const step = fc.record({ isAdd: fc.boolean(), prefix });

test('a prefix tree finds what a list finds', () => {
  const property = fc.property(
    fc.array(step, { maxLength: 60 }),
    fc.array(prefix),
    (steps, asked) => {
      const tree = new PrefixTree<string>();
      const list = new Map<string, Prefix>();
      for (const { isAdd, prefix: one } of steps) {
        const text = formatPrefix(one);
        if (isAdd) {
          tree.add(one, text);
          list.set(text, one);
        } else {
          tree.delete(one, text);
          list.delete(text);
        }
      }
      for (const one of asked) {
        const texts = (matches: (other: Prefix) => boolean) =>
          [...list.values()].filter(matches).map(formatPrefix).sort();
        const covering = [...tree.covering(one)];
        const lengths = covering.map((text) => list.get(text)!.length);
        assert.deepEqual(
          lengths,
          [...lengths].sort((a, b) => a - b),
        );
        assert.deepEqual(
          covering.sort(),
          texts((other) => containsPrefix(other, one)),
        );
        assert.deepEqual(
          [...tree.within(one)].sort(),
          texts((other) => containsPrefix(one, other)),
        );
      }
    },
  );
  fc.assert(property, { numRuns: 500 });
});
