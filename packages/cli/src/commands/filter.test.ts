import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));

/** `skep filter explain` with these words and this standard input. */
function explain(words: readonly string[], input = '') {
  const parameters = [MAIN, 'filter', 'explain', ...words];
  const { status, stdout, stderr } = spawnSync(process.execPath, parameters, {
    input,
    encoding: 'utf8',
  });
  return { status, output: stdout, errors: stderr };
}

/** ether type IPv4, as `tcpdump -ddd ip` prints it. */
const CLASSIC = '4\n40 0 0 12\n21 0 1 2048\n6 0 0 262144\n6 0 0 0\n';

test('a filter: what it says, what it asks, the IR, the bytecode', () => {
  const { status, output, errors } = explain(['tcp', 'port', '80', 'or', '443']);
  assert.deepEqual([status, errors], [0, '']);
  assert.match(output, /^says:\n {2}\(tcp port 80 or tcp port 443\)\n\nasks:\n {2}or\n/);
  assert.match(output, /\nIR:\n {2}program filter type 3 GPL\n/);
  assert.match(output, /\nbytecode, \d+ instructions:\n {2}filter:\n/);
});

test('as JSON, for another hook', () => {
  const { status, output } = explain(['ip', '--hook', 'xdp', '--json']);
  assert.equal(status, 0);
  const { filter, parsed, condition, ir, bytecode, instructions } = JSON.parse(output);
  assert.deepEqual([filter, parsed, condition], ['ip', 'ip', 'load2[12] == 0x800']);
  assert.match(ir, /^program filter type 6 /);
  assert.equal(bytecode.match(/^ +\d+:/gm).length, instructions);
});

test('a classic program from standard input', () => {
  const { status, output } = explain(['--classic'], CLASSIC);
  assert.equal(status, 0);
  assert.match(output, /^classic:\n {2}\(000\) ldh {6}\[12\]\n/);
});

const refused = [
  { name: 'a filter', have: explain(['tcp', 'prt']), want: /column 5: found 'prt'.*\n.*\n +\^\n$/ },
  { name: 'a program', have: explain(['--classic'], 'x'), want: /classic program: found 'x'/ },
  { name: 'both', have: explain(['--classic', 'ip'], CLASSIC), want: /\(leave out one of them\)/ },
] as const;
for (const { name, have, want } of refused) {
  test(`refused: ${name}`, () => {
    assert.deepEqual([have.status, have.output], [1, '']);
    assert.match(have.errors, want);
  });
}
