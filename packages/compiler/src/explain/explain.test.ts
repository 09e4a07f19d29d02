import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FunctionBuilder } from '../ir/builder.ts';
import { explain, explainProgram } from './explain.ts';

const folder = fileURLToPath(new URL('../../testdata', import.meta.url));
const large = `
import { array, HashMap, Struct, u64, XdpAction, type XdpContext } from '@skep/ebpf';
export class Half extends Struct({ words: array(u64, 40) }) {}
export const halves = new HashMap({ name: 'halves', key: Half, value: Half, maxEntries: 4 });
export function twice(ctx: XdpContext): XdpAction {
  halves.update(new Half({}), new Half({}));
  return XdpAction.Pass;
}`;

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

const failing: readonly [name: string, body: string, message: RegExp][] = [
  [
    'a module without programs',
    'export const nothing = 1;',
    /^explain module\.ts: no program: exp/,
  ],
  [
    'an import that is not there',
    "import { gone } from './gone.ts';",
    /module\.ts:1:22 - error TS2307: Cannot/,
  ],
  [
    'a program that outgrows the stack',
    large,
    /^module\.ts:5:1: stack of twice: 6\d\d bytes.*\n\n5 export/,
  ],
];
for (const [name, body, message] of failing) {
  test(`${name} is said`, async (t) => {
    // Inside the package, because imports are found from there.
    const own = mkdtempSync(path.join(folder, '../dist/explained-'));
    t.after(() => rmSync(own, { recursive: true, force: true }));
    const file = path.join(own, 'module.ts');
    writeFileSync(file, `${body}\n`);
    const { text, compiled } = await explain(file, { folder: own });
    assert.equal(compiled, false);
    assert.match(text, message);
  });
}

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
