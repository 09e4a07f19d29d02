import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { compileModule } from '@skep/compiler/front-end';
import { projectRoot } from '../project.ts';
import { allForms, forms, runsForm } from './forms.ts';

const loops = await compileModule(join(projectRoot, 'packages/compiler/testdata/long-loops.ts'));
const straight = await compileModule(join(projectRoot, 'examples/src/drop-port.ts'));

const cases = [
  { name: 'collatz', have: loops, want: ['collatz', 'collatz, iterators', 'collatz, may_goto'] },
  { name: 'sum', have: loops, want: ['sum', 'sum, iterators'] },
  { name: 'dropPort', have: straight, want: ['dropPort'] },
];

for (const { name, have, want } of cases) {
  test(`forms of ${name}`, () => {
    const program = have.programs.find((each) => each.name === name)!;
    assert.deepEqual(
      allForms(program).map((each) => each.name),
      want,
    );
  });
}

test('a kernel runs the forms of older ones, too', () => {
  const runs = (has: keyof typeof forms): boolean[] =>
    (['callbacks', 'iterators', 'may_goto'] as const).map((form) => runsForm(forms[has], form));
  assert.deepEqual(runs('callbacks'), [true, false, false]);
  assert.deepEqual(runs('iterators'), [true, true, false]);
  assert.deepEqual(runs('may_goto'), [true, true, true]);
});
