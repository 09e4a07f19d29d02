import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { probeProgram } from './probe.ts';
import { sourceLineAt, VerifierError } from './verifier-error.ts';

const EACCES = 13;

function line(instruction: number, number: number, text: string) {
  return { instruction, file: 'src/drop-port.ts', line: number, column: 3, text };
}

const object = {
  ...probeProgram(6, []),
  name: 'drop_port',
  lines: [
    line(0, 4, 'const key = 0;'),
    line(1, 5, 'const counter = counters.lookup(key);'),
    line(6, 6, '  return counter.value;'),
  ],
};

test('the message has the complaint, the place and the source', () => {
  const log = readFileSync(new URL('../testdata/null-not-checked.log', import.meta.url), 'utf8');
  const error = new VerifierError(object, EACCES, log);
  assert.equal(
    error.message,
    "load program drop_port: EACCES: R0 invalid mem access 'map_value_or_null' at instruction 6 " +
      '(20 more lines in error.log)\n  src/drop-port.ts:6:3\n    return counter.value;',
  );
  assert.equal(error.at?.line, 6);
  assert.equal(error.program, 'drop_port');
  assert.equal(error.log, log);
});

test('an instruction belongs to the last line that begins at or before it', () => {
  assert.equal(sourceLineAt(object, 5)?.line, 5);
  assert.equal(sourceLineAt(object, 99)?.line, 6);
  assert.equal(sourceLineAt({ ...object, lines: [] }, 5), undefined);
});

test('a refusal without a log says so', () => {
  const error = new VerifierError({ ...object, lines: [] }, EACCES, '');
  assert.equal(error.message, 'load program drop_port: EACCES: the kernel gave no reason');
});

test('what is too complex is no matter of addresses or memory', () => {
  const EFAULT = 14;
  const E2BIG = 7;
  const refusals = [
    [EFAULT, 'The sequence of 8193 jumps is too complex.'],
    [E2BIG, 'BPF program is too large. Processed 1000001 insn'],
  ] as const;
  for (const [errno, complaint] of refusals) {
    const error = new VerifierError({ ...object, lines: [] }, errno, `${complaint}\n`);
    assert.equal(
      error.message,
      `load program drop_port: too complex for the verifier: ${complaint} ` +
        '(keep what its loops carry from turn to turn in a small range, or move a part into a ' +
        'global function)',
    );
    assert.equal(error.errno, errno);
  }
});
