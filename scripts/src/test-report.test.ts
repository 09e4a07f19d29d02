import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type TestEvent, TestReport } from './test-report.ts';

const file = '/project/a.test.js';

function report(...events: TestEvent[]): TestReport {
  const made = new TestReport((path) => path.replace('/project/', ''));
  for (const event of events) made.add(event);
  return made;
}

function passed(name: string, skip?: string | boolean): TestEvent {
  const data = { name, file, nesting: 0, details: { duration_ms: 100 } };
  return { type: 'test:pass', data: skip === undefined ? data : { ...data, skip } };
}

const failed: TestEvent = {
  type: 'test:fail',
  data: { name: 'adds', file, details: { error: new Error('outer', { cause: 'found 3' }) } },
};

test('a file that passes is one line', () => {
  const line = report(passed('one'), passed('two')).fileLine(file);
  assert.match(line, /^ok {3}a\.test\.js +2 passed {2}0\.2 s$/);
});

test('a failure names file and test, shows the cause and what the file printed', () => {
  const printed = { type: 'test:stdout', data: { file, message: 'seed 7\n' } };
  const lines = report(printed, failed).failureLines();
  assert.deepEqual(lines, [
    '',
    'FAIL a.test.js: adds',
    "'found 3'",
    '',
    'printed by a.test.js:',
    'seed 7',
  ]);
});

test('skips are counted by reason, and named', () => {
  const made = report(
    passed('one', 'needs root'),
    passed('two', 'needs root'),
    passed('three', true),
    passed('four'),
  );
  assert.deepEqual(made.summaryLines(true), [
    'skip a.test.js: one: needs root',
    'skip a.test.js: two: needs root',
    'skip a.test.js: three: no reason given',
    '1 passed, 0 failed, 3 skipped in 1 files',
  ]);
  assert.deepEqual(made.summaryLines(), [
    'skipped 2: needs root (a.test.js: one and 1 more)',
    'skipped 1: no reason given (a.test.js: three)',
    '1 passed, 0 failed, 3 skipped in 1 files',
  ]);
});

test('a suite that is skipped counts once: its tests are never told', () => {
  const { data } = passed('in the kernel', 'needs root');
  const suite = { type: 'test:pass', data: { ...data, details: { type: 'suite' } } };
  const found = report(suite, passed('one'));
  assert.deepEqual([...found.skips], [['needs root', ['a.test.js: in the kernel (all of it)']]]);
  assert.deepEqual(found.totals(), { passed: 1, failed: 0, skipped: 1 });
});

test('a suite is not a test', () => {
  const suite = { type: 'test:fail', data: { name: 's', file, details: { type: 'suite' } } };
  assert.deepEqual(report(suite, failed).totals(), { passed: 0, failed: 1, skipped: 0 });
});

/** As `run` of node:test tells them: tests first, then the suite that they are in. */
function suiteFailure(failureType: string, cause: unknown, type?: string): TestEvent {
  const error = Object.assign(new Error(String(cause), { cause }), { failureType });
  const [name, kind] = type === undefined ? ['one', {}] : ['in the kernel', { type }];
  return { type: 'test:fail', data: { name, file, details: { ...kind, error } } };
}

test('why a suite failed is told once, beside the tests that it took along', () => {
  const cancelled = suiteFailure('cancelledByParent', 'test did not finish before its parent');
  const inner = suiteFailure('cancelledByParent', 'test did not finish', 'suite');
  const hook = suiteFailure('hookFailed', 'no such device', 'suite');
  const found = report(cancelled, cancelled, inner, hook);
  assert.deepEqual(found.failureLines(), [
    '',
    'FAIL a.test.js: one (cancelled: its parent has ended)',
    '',
    'FAIL a.test.js: one (cancelled: its parent has ended)',
    '',
    'FAIL a.test.js: in the kernel (the suite itself)',
    "'no such device'",
  ]);
  assert.deepEqual(found.totals(), { passed: 0, failed: 3, skipped: 0 });
});

test('a suite whose tests passed may fail, as by its last hook', () => {
  const hook = suiteFailure('hookFailed', 'still there', 'suite');
  const subtests = suiteFailure('subtestsFailed', '1 subtest failed', 'suite');
  const found = report(passed('one'), hook, subtests);
  assert.deepEqual(found.totals(), { passed: 1, failed: 1, skipped: 0 });
  assert.match(found.fileLine(file), /^FAIL/);
});
