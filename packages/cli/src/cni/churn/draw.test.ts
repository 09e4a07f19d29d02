import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Draw } from './draw.ts';

test('the same seed, the same draws', () => {
  const [one, other] = [new Draw(20), new Draw(20)];
  for (let count = 0; count < 100; count++) assert.equal(one.share(), other.share());
});

test('containers whose numbers are next to each other are not all of one runtime', () => {
  for (const seed of [20, 2621, 99_999]) {
    const numbers = Array.from({ length: 200 }, (_, number) => seed * 1000 + number);
    const some = numbers.filter((each) => new Draw(each).happens(0.2)).length;
    assert.ok(some > 20 && some < 60, `${some} of 200 where one in five is expected`);
  }
});
