import assert from 'node:assert/strict';
import { test } from 'node:test';
import { projectRoot } from '../project.ts';
import { testFiles, testName } from '../test-files.ts';
import { testKernel } from './matrix.ts';
import { kernelTests } from './selection.ts';
import { MissingToolError } from './tool.ts';

test('a kernel that is not in the matrix is refused', async () => {
  assert.equal(await testKernel(['--kernel', '5.4']), 1);
});

test('what touches the kernel is chosen, what compiles or interprets is not', () => {
  const names = [
    'packages/sys/kernel.live',
    'packages/netlink/message',
    'packages/netlink/links.live',
    'packages/agent/agent.live',
    'examples/examples.live',
  ];
  assert.deepEqual(kernelTests(names), ['packages/sys/kernel.live', 'packages/netlink/links.live']);
});

test('each package that makes system calls has tests among them', () => {
  const names = testFiles(projectRoot, []).map((file) => testName(projectRoot, file));
  for (const name of ['sys', 'bpf', 'netlink']) {
    assert.ok(
      kernelTests(names).some((one) => one.startsWith(`packages/${name}/`)),
      name,
    );
  }
});

test('a missing program says which package brings it', () => {
  const { message } = new MissingToolError('depmod', 'kmod');
  assert.equal(message, 'depmod: not installed (apt-get install kmod)');
});
