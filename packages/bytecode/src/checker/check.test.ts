import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as asm from '../asm/build.ts';
import { r0, r1, r2, r6, r7 } from '../asm/instruction.ts';
import { caseProgram, isaCases } from '../conformance/cases.ts';
import { ruleCases } from '../conformance/refused-programs.ts';
import { Machine } from '../machine/machine.ts';
import { randomObjects } from '../testing/random-objects.ts';
import { sampleProgram } from '../testing/sample-program.ts';
import { checkProgram } from './check.ts';

for (const { rule, refused, says, accepted } of ruleCases) {
  test(rule, () => {
    assert.match(checkProgram(refused)?.message ?? 'accepted', says);
    assert.equal(checkProgram(accepted)?.message, undefined);
  });
}

test('the conformance cases, which the kernel accepts, are accepted', () => {
  for (const each of isaCases) assert.equal(checkProgram(caseProgram(each))?.message, undefined);
});

test('a refusal quotes the source line, and the machine does not load the program', () => {
  const lines = [{ instruction: 0, file: 'drop.ts', line: 4, column: 9, text: '  return count;' }];
  const object = sampleProgram([asm.mov64(r0, r2), asm.exit()], [], { lines });
  const message =
    /check sample: instruction 0 \(r0 = r2\) at drop\.ts:4:9: R2 !read_ok\n {4}return/;
  assert.throws(() => new Machine().load(object), message);
  assert.doesNotThrow(() => new Machine({ checks: false }).load(object));
});

test('where ways meet that disagree, nothing is said', () => {
  const object = sampleProgram([
    asm.load(4, r6, r1, 12),
    asm.branch('eq', 64, r6, 1, 1),
    asm.mov64(r7, 5),
    asm.mov64(r0, 0),
    asm.branch('eq', 64, r6, 1, 1),
    asm.mov64(r0, r7),
    asm.exit(),
  ]);
  assert.equal(checkProgram(object)?.message, undefined);
});

for (const [family, make] of Object.entries(randomObjects)) {
  // Against the kernel: packages/bpf/src/refused-programs.test.ts.
  test(`of random ${family} some are refused, with their place`, () => {
    const programs = Array.from({ length: 200 }, (_, seed) => make(seed + 1));
    const refusals = programs.flatMap((each) => checkProgram(each) ?? []);
    assert.ok(refusals.length > 20, `${refusals.length} of 200`);
    for (const { message } of refusals) assert.match(message, /^check sample: instruction \d+ /);
  });
}
