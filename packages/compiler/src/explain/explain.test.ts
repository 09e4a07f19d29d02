import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FunctionBuilder } from '../ir/builder.ts';
import { explain, explainProgram } from './explain.ts';

const folder = fileURLToPath(new URL('../../testdata', import.meta.url));

test('source, IR and bytecode stand on one line', async () => {
  const { text, compiled } = await explain(`${folder}/first-program.ts`, { folder });
  assert.equal(compiled, true);
  assert.match(text, /^pass: \d+ instructions, 8 bytes of stack/);
  assert.match(text, /counter\.packets\+\+; +│ v\d+:64 = load 8 map .*│ \d+: r1 = \*\(u64 \*\)/);
});

test('a file with errors shows them', async () => {
  const { text, compiled } = await explain(`${folder}/refused-loops.ts`, { folder });
  assert.equal(compiled, false);
  assert.match(text, /refused-loops\.ts:7:17 - error SKEP4012/);
});

test('what the kernel would refuse stands above the program', () => {
  const builder = new FunctionBuilder('wrong');
  const access = { space: 'map', offset: 0, size: 4 } as const;
  builder.return(builder.load(builder.constant(0, 64), access));
  const program = { name: 'wrong', programType: 6, license: 'GPL', functions: [builder.finish()] };
  const text = explainProgram(program, {});
  assert.match(
    text,
    /\nthe kernel would refuse it: check wrong: instruction \d+ .* invalid mem acc/,
  );
});
