import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatIdentityLabel,
  formatLabels,
  formatParagraph,
  formatTable,
  paintVerdict,
} from './output.ts';

const ESCAPE = String.fromCharCode(27);
const RED = `${ESCAPE}[31m`;
const PLAIN = `${ESCAPE}[39m`;

test('columns are as wide as their widest cell, and lines have no blanks at their end', () => {
  const table = formatTable(
    ['NAME', 'PORT'],
    [
      ['api', '80'],
      ['database', ''],
    ],
  );
  assert.equal(withoutColour(table), 'NAME      PORT\napi       80\ndatabase\n');
});

test('colour takes no room in a column', () => {
  const rows = [
    [`${RED}no${PLAIN}`, 'x'],
    ['yes', 'y'],
  ];
  assert.equal(withoutColour(formatTable(['A', 'B'], rows)), 'A    B\nno   x\nyes  y\n');
});

test('a table without rows is its heading', () => {
  assert.equal(withoutColour(formatTable(['A', 'B'], [])), 'A  B\n');
});

test('a sentence fits the terminal, its other lines are indented, and a pipe gets one', () => {
  const text = 'ingress of shop/api denies TCP 8000';
  assert.equal(formatParagraph(text, 2), `  ${text}\n`);
  assert.equal(formatParagraph(text, 2, 20), '  ingress of\n    shop/api denies\n    TCP 8000\n');
  assert.equal(formatParagraph('a-word-that-is-too-long', 0, 5), 'a-word-that-is-too-long\n');
  const painted = formatParagraph(`${RED}seen${PLAIN} deny`, 0, 9);
  assert.equal(withoutColour(painted), 'seen deny\n');
});

test('labels are one cell', () => {
  assert.equal(formatLabels({ app: 'api', tier: '' }), 'app=api,tier=');
  assert.equal(formatLabels({}), '');
});

test('a painted verdict says the same', () => {
  for (const verdict of ['forwarded', 'dropped', 'allow', 'deny', 'allowed']) {
    assert.equal(withoutColour(paintVerdict(verdict)), verdict);
  }
});

test('labels are shown as they are written', () => {
  const labels = { app: 'api', 'example.com/zone': 'a.b-c_d', empty: '', städte: 'Köln' };
  assert.equal(formatLabels(labels), 'app=api,example.com/zone=a.b-c_d,empty=,städte=Köln');
  assert.equal(formatIdentityLabel('k8s:app=api'), 'k8s:app=api');
  assert.equal(formatIdentityLabel('reserved:host='), 'reserved:host=');
});

test('labels that would look like something else are quoted', () => {
  const rows: [value: string, shown: string][] = [
    ['db,backup=1', '"db,backup=1"'],
    ['a\n1   shop/api  ready', '"a\\n1   shop/api  ready"'],
    ['\u001b[8mhidden', '"\\u001b[8mhidden"'],
    ['\u009b8mhidden', '"\\u{9b}8mhidden"'],
    ['\u202egnp', '"\\u{202e}gnp"'],
    ['say "x"', '"say \\"x\\""'],
  ];
  for (const [value, shown] of rows) {
    assert.equal(formatLabels({ app: value }), `app=${shown}`);
    const label = formatIdentityLabel(`k8s:app=${value}`);
    assert.equal(label, value.includes('=') ? `"k8s:app=${value}"` : `k8s:app=${shown}`);
  }
});

function withoutColour(text: string): string {
  return text.replaceAll(new RegExp(`${ESCAPE}\\[[0-9;]*m`, 'g'), '');
}
