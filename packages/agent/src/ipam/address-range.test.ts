import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '@skep/wire';
import {
  formatRange,
  isInRanges,
  parseAddressRange,
  parsePool,
  sizeOf,
  subtractRanges,
} from './address-range.ts';

const POOLS: readonly { have: string; want: string }[] = [
  { have: '10.0.0.0/24', want: '10.0.0.1-10.0.0.254' },
  { have: '10.0.0.8/31', want: '10.0.0.8-10.0.0.9' },
  { have: '10.0.0.8', want: '10.0.0.8' },
  { have: '10.0.0.0-10.0.0.255', want: '10.0.0.0-10.0.0.255' },
  { have: 'fd00::/64', want: 'fd00::1-fd00::ffff:ffff:ffff:ffff' },
  { have: 'fd00::a - fd00::f', want: 'fd00::a-fd00::f' },
];

for (const { have, want } of POOLS) {
  test(`pool ${have}`, () => assert.equal(formatRange(parsePool(have)), want));
}

for (const have of [
  '',
  '10.0.0.9-10.0.0.1',
  '10.0.0.1-fd00::1',
  '10.0.0.1/24',
  '1-2-3',
  '10.0.0.1-',
]) {
  test(`'${have}' is refused`, () => {
    assert.throws(() => parseAddressRange(have), { code: 'ERR_ADDRESS' });
  });
}

const SUBTRACTED: readonly {
  name: string;
  ranges: string[];
  reserved: string[];
  want: string[];
}[] = [
  {
    name: 'overlapping and touching ranges are one',
    ranges: ['10.0.0.6-10.0.0.9', '10.0.0.1-10.0.0.3', '10.0.0.2-10.0.0.5'],
    reserved: [],
    want: ['10.0.0.1-10.0.0.9'],
  },
  {
    name: 'gaps at both ends and inside',
    ranges: ['10.0.0.1-10.0.0.9'],
    reserved: ['10.0.0.8/29', '10.0.0.0-10.0.0.1', '10.0.0.4', '10.0.0.4-10.0.0.5'],
    want: ['10.0.0.2-10.0.0.3', '10.0.0.6-10.0.0.7'],
  },
  { name: 'all of it', ranges: ['fd00::/120'], reserved: ['fd00::/64'], want: [] },
];

for (const { name, ranges, reserved, want } of SUBTRACTED) {
  test(`without what is reserved: ${name}`, () => {
    const left = subtractRanges(ranges.map(parseAddressRange), reserved.map(parseAddressRange));
    assert.deepEqual(left.map(formatRange), want);
  });
}

const HOSTLESS: readonly { have: string; want: string }[] = [
  { have: '0.0.0.0/0', want: '0.0.0.0/8' },
  { have: '127.0.0.0/8', want: '127.0.0.0/8' },
  { have: '126.0.0.1-128.0.0.1', want: '127.0.0.0/8' },
  { have: '169.254.0.0/16', want: '169.254.0.0/16' },
  { have: '224.0.0.0/24', want: '224.0.0.0/3' },
  { have: '255.255.255.255', want: '224.0.0.0/3' },
  { have: '::ffff:10.0.0.0/120', want: '::/80' },
  { have: 'fe80::/64', want: 'fe80::/10' },
  { have: 'ff00::/120', want: 'ff00::/8' },
];

for (const { have, want } of HOSTLESS) {
  test(`pool ${have} is refused: no host can have ${want}`, () => {
    const message = `address '${have}': expected none of ${want}, which no host can have`;
    assert.throws(() => parsePool(have), { code: 'ERR_ADDRESS', message });
    assert.doesNotThrow(() => parseAddressRange(have));
  });
}

test('sizes are exact, and families are never mixed', () => {
  assert.equal(sizeOf([parsePool('fd00::/64'), parsePool('10.0.0.0/24')]), 2n ** 64n - 1n + 254n);
  const ranges = [parseAddressRange('::/0')];
  assert.equal(isInRanges(ranges, parseAddress('fd00::1')), true);
  assert.equal(isInRanges(ranges, parseAddress('10.0.0.1')), false);
});
