import assert from 'node:assert/strict';
import { test } from 'node:test';
import { projectRoot } from '../project.ts';
import { testFiles } from '../test-files.ts';
import { testKernel } from './matrix.ts';
import { kernelTests } from './selection.ts';
import { MissingToolError } from './tool.ts';

test('a kernel that is not in the matrix is refused', async () => {
  assert.equal(await testKernel(['--kernel', '5.4']), 1);
});

for (const pattern of kernelTests) {
  test(`${pattern} names tests that there are`, () => {
    assert.notDeepEqual(testFiles(projectRoot, [pattern]), []);
  });
}

test('a missing program says which package brings it', () => {
  const { message } = new MissingToolError('depmod', 'kmod');
  assert.equal(message, 'depmod: not installed (apt-get install kmod)');
});
