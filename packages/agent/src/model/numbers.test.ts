import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Numbers, NumbersExhaustedError } from './numbers.ts';

test('equal text, equal number, until the last holder has given it back', () => {
  const numbers = new Numbers({ kind: 'number', first: 10, last: 12 });
  assert.deepEqual(numbers.acquire('a'), { number: 10, isNew: true });
  assert.deepEqual(numbers.acquire('a'), { number: 10, isNew: false });
  assert.equal(numbers.release('a'), false);
  assert.equal(numbers.release('a'), true);
  assert.equal(numbers.numberOf('a'), undefined);
  assert.throws(() => numbers.release('a'), /'a' is not held/);
});

test('a number that was given back comes again after all others', () => {
  const numbers = new Numbers({ kind: 'number', first: 1, last: 3 });
  const given = ['a', 'b', 'c', 'd', 'e'].map((text) => {
    const { number } = numbers.acquire(text);
    numbers.release(text);
    return number;
  });
  assert.deepEqual(given, [1, 2, 3, 1, 2]);
});

test('a number cools down before it stands for something else', () => {
  let now = 0;
  const numbers = new Numbers({ kind: 'number', first: 1, last: 2, coolDown: 100, now: () => now });
  for (const text of ['a', 'b']) numbers.acquire(text);
  numbers.release('a');
  now = 99;
  assert.throws(() => numbers.acquire('c'), NumbersExhaustedError);
  now = 100;
  assert.equal(numbers.acquire('c').number, 1);
});

test('a new life keeps the numbers in use and goes on where the old one stopped', () => {
  const numbers = new Numbers({ kind: 'number', first: 1, last: 5 });
  numbers.restore('kept', 2);
  numbers.restore('twice', 2);
  numbers.continueAfter(4);
  assert.deepEqual(numbers.acquire('kept'), { number: 2, isNew: false });
  assert.equal(numbers.numberOf('twice'), undefined);
  const given = ['a', 'b', 'c'].map((text) => numbers.acquire(text).number);
  assert.deepEqual(given, [5, 1, 3]);
});
