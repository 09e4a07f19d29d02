/** Turns of a run on the machine against the kernel's: the same is left of packet and context. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asm, encode, Machine, type ProgramObject, r0, r1, r2, r3, r6 } from '@skep/bytecode';
import { testRunTc } from './packet-run.ts';
import { loadProgram } from './program.ts';
import { cannotUseBpf } from './testing/programs.ts';

const MARK = 8;
const DATA = 76;
const DATA_END = 80;

/** Adds 1 to the packet's first byte and to the mark, returns the byte. */
const counting: ProgramObject = {
  ...{ name: 'counting', programType: 3, license: 'GPL', maps: [], mapReferences: [] },
  ...{ functions: [{ instruction: 0, name: 'counting' }], lines: [], stackBytes: 0 },
  code: encode([
    asm.mov64(r6, r1),
    asm.mov64(r0, 0),
    asm.load(4, r2, r6, DATA),
    asm.load(4, r3, r6, DATA_END),
    asm.mov64(r1, r2),
    asm.add64(r1, 14),
    asm.branch('gt', 64, r1, r3, 6),
    asm.load(1, r0, r2, 0),
    asm.add64(r0, 1),
    asm.store(1, r2, 0, r0),
    asm.load(4, r3, r6, MARK),
    asm.add64(r3, 1),
    asm.store(4, r6, MARK, r3),
    asm.exit(),
  ]),
};

for (const repeat of [0, 1, 2, 7]) {
  test(`${repeat} turns leave what they leave on the kernel`, { skip: cannotUseBpf }, (t) => {
    const packet = Uint8Array.from({ length: 64 }, (_, at) => at);
    const run = { packet, context: { mark: 40 }, repeat };
    const program = loadProgram(counting);
    t.after(() => program.close());
    const expected = testRunTc(program, run);
    for (const engine of ['generated', 'interpreter'] as const) {
      const result = new Machine({ engine }).load(counting).run(run);
      assert.equal(result.returnValue, expected.returnValue);
      assert.deepEqual(result.packet, expected.packet);
      assert.equal(result.context.mark, expected.context.mark);
    }
  });
}
