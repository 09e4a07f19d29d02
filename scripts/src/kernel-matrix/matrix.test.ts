import assert from 'node:assert/strict';
import { test } from 'node:test';
import { projectRoot } from '../project.ts';
import { testFiles, testName } from '../test-files.ts';
import { testKernel } from './matrix.ts';
import { kernelTests } from './selection.ts';
import { MissingToolError } from './tool.ts';

test('a kernel that is not in the matrix is refused', async () => {
  await assert.rejects(testKernel(['--kernel', '5.4']), /'5.4' .* Expected one of host, 6.1, 6.12/);
});

const names = testFiles(projectRoot, []).map((file) => testName(projectRoot, file));

test('what touches the kernel is chosen, what compiles or interprets is not', () => {
  const some = [
    'packages/sys/kernel.live',
    'packages/netlink/message',
    'packages/netlink/links.live',
    'packages/datapath/packets',
    'packages/datapath/packets.kernel',
    'packages/agent/agent.live',
    'packages/agent/crash.live',
    'examples/examples.live',
  ];
  const chosen = [
    'packages/netlink/links.live',
    'packages/datapath/packets.kernel',
    'packages/agent/agent.live',
  ];
  assert.deepEqual(kernelTests(some, false), chosen);
  const all = ['packages/sys/kernel.live', ...chosen, 'examples/examples.live'];
  assert.deepEqual(kernelTests(some, true), all);
});

test('what is chosen is there', () => {
  const parts = ['sys', 'bpf', 'netlink', 'datapath', 'agent', 'lab'].map(
    (name) => `packages/${name}`,
  );
  for (const part of [...parts, 'examples']) {
    assert.ok(
      kernelTests(names, true).some((name) => name.startsWith(`${part}/`)),
      part,
    );
  }
});

test('a missing program says which package brings it', () => {
  const { message } = new MissingToolError('depmod', 'kmod');
  assert.equal(message, 'depmod: not installed (apt-get install kmod)');
});
