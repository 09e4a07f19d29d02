import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { compileModule } from '@skep/compiler/front-end';
import { projectRoot } from '../project.ts';
import { allForms } from './forms.ts';
import { readPrograms, writePrograms } from './program-folder.ts';
import { temporaryFolder } from './temporary-folder.ts';

test('what is read of a folder is what was written, functions of the kernel included', async () => {
  const source = join(projectRoot, 'packages/compiler/testdata/long-loops.ts');
  const { programs } = await compileModule(source);
  const written = programs.flatMap((program) => allForms(program));
  const folder = temporaryFolder(join(tmpdir(), 'skep-programs-'));
  try {
    writePrograms(folder.path, written);
    const read = readPrograms(folder.path);
    assert.deepEqual(
      read.map(({ name, form, object }) => [name, form, object.code, object.kernelFunctions]),
      written.map(({ name, form, object }) => [name, form, object.code, object.kernelFunctions]),
    );
  } finally {
    folder.remove();
  }
});
