import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LogOptions, openLog } from './log.ts';
import type { Occurrence } from './occurrence.ts';

const ADDED: Occurrence = {
  ...{ kind: 'endpoint added', endpoint: 'shop/api', id: 3, identity: 256 },
  milliseconds: 12.345678,
};
const PROBLEM: Occurrence = { kind: 'problem', problem: 'it is "gone" (make it again)' };
const COMPILED: Occurrence = { kind: 'rules compiled', milliseconds: 1 };

function logged(options: LogOptions, ...occurrences: readonly Occurrence[]): string[] {
  const lines: string[] = [];
  const tell = openLog(options, { write: (line) => lines.push(line) });
  for (const occurrence of occurrences) tell(occurrence);
  return lines;
}

test('one JSON object a line, with what is told of it', () => {
  const [line] = logged({ format: 'json' }, ADDED);
  assert.ok(line!.endsWith('}\n'));
  const { time, ...rest } = JSON.parse(line!) as Record<string, unknown>;
  assert.match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.deepEqual(rest, {
    ...{ level: 'info', name: 'skep-agent', msg: 'endpoint added' },
    ...{ endpoint: 'shop/api', id: 3, identity: 256, milliseconds: 12.346 },
  });
});

test('text for people: time, level, what, and its facts', () => {
  const lines = logged({ format: 'text' }, ADDED, PROBLEM).map((line) => line.slice(25));
  assert.deepEqual(lines, [
    'info  endpoint added endpoint=shop/api id=3 identity=256 milliseconds=12.346\n',
    'warn  problem problem="it is \\"gone\\" (make it again)"\n',
  ]);
});

test('where it is no terminal, JSON is what one gets', () => {
  assert.equal(process.stderr.isTTY ?? false, false, 'tests have no terminal');
  assert.equal(logged({}, ADDED)[0]![0], '{');
});

const levels: readonly (readonly [level: string, lines: number])[] = [
  ['debug', 3],
  ['info', 2],
  ['warn', 1],
  ['error', 0],
];
for (const [level, count] of levels) {
  test(`of level ${level}: ${count} of three`, () => {
    assert.equal(logged({ level }, ADDED, PROBLEM, COMPILED).length, count);
  });
}
