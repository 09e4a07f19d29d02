/** Logs that Linux 6.18 wrote, stored as they came (the long one: its end). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { summariseLog } from './verifier-log.ts';

const table = [
  { name: 'uninitialised-register', complaint: 'R0 !read_ok', instruction: 0, processed: 1 },
  {
    name: 'stack-out-of-bounds',
    complaint: 'invalid read from stack R10 off=8 size=1',
    instruction: 0,
    processed: 1,
  },
  {
    name: 'packet-out-of-bounds',
    complaint:
      'invalid access to packet, off=12 size=1, R2(id=0,off=12,r=0); ' +
      'R2 offset is outside of the packet',
    instruction: 1,
    processed: 2,
  },
  {
    name: 'endless-loop',
    complaint: 'infinite loop detected at insn 1',
    instruction: 1,
    processed: 9,
  },
  { name: 'unreachable', complaint: 'unreachable insn 2', instruction: 2, processed: 0 },
  { name: 'unknown-helper', complaint: 'invalid func unknown#9999', instruction: 0, processed: 1 },
  {
    name: 'helper-of-other-type',
    complaint: 'program of this type cannot use helper bpf_redirect_peer#155',
    instruction: 2,
    processed: 3,
  },
  {
    name: 'null-not-checked',
    complaint: "R0 invalid mem access 'map_value_or_null'",
    instruction: 6,
    processed: 6,
  },
  {
    name: 'too-complex',
    complaint: 'BPF program is too large. Processed 1000001 insn',
    instruction: 6,
    processed: 1000001,
  },
  {
    name: 'reference-leaked',
    complaint:
      'Unreleased reference id=2 alloc_insn=4; ' +
      'BPF_EXIT instruction in main prog would lead to reference leak',
    instruction: 4,
    processed: 6,
  },
] as const;

for (const { name, ...expected } of table) {
  test(`verifier log: ${name}`, () => {
    const log = readFileSync(new URL(`../testdata/${name}.log`, import.meta.url), 'utf8');
    const { omittedLines, ...found } = summariseLog(log);
    assert.deepEqual(found, expected);
    assert.ok(omittedLines > 0);
  });
}

test('a log that says nothing', () => {
  const expected = { complaint: '', instruction: undefined, processed: undefined, omittedLines: 0 };
  assert.deepEqual(summariseLog(''), expected);
});

test('a log of remarks only falls back to its last line', () => {
  const { complaint } = summariseLog('func#0 @0\nprocessed 0 insns (limit 1000000)\n');
  assert.equal(complaint, 'processed 0 insns (limit 1000000)');
});
