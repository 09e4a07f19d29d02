import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readLabels } from './labels.ts';

test('labels are what stands on both sides of the sign', () => {
  const want = { app: 'web', 'k8s:tier': '', 'example.com/team': 'a b' };
  assert.deepEqual(readLabels(['app=web', 'k8s:tier=', 'example.com/team=a b'], 'label x'), want);
});

const refused: readonly { have: readonly string[]; want: string }[] = [
  { have: ['app'], want: "label x: found 'app', expected key=value" },
  { have: ['=web'], want: "label x: found '=web', expected key=value" },
  { have: ['a=b=c'], want: "label x: found 'a=b=c', expected key=value" },
  {
    have: ['bad label=x'],
    want: "label x: found 'bad label=x', expected a key without spaces and control characters",
  },
  {
    have: ['a\tb=x'],
    want: "label x: found 'a\tb=x', expected a key without spaces and control characters",
  },
  { have: ['k8s:=web'], want: "label x: found 'k8s:=web', expected source:key=value" },
  {
    have: ['app=a\nb'],
    want: "label x: found 'app=a\nb', expected a value without control characters",
  },
  { have: ['app=a', 'tier=web', 'app=c'], want: "label x: found 'app' twice, expected it once" },
];
for (const { have, want } of refused) {
  test(`${JSON.stringify(have)} is refused`, () => {
    assert.throws(() => readLabels(have, 'label x'), { code: 'ERR_COMMAND', message: want });
  });
}
