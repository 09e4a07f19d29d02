import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { KernelError } from '@skep/sys';
import type { Occurrence } from '../telemetry/occurrence.ts';
import { ForwardWatch } from './forward-watch.ts';

const CHAIN = { family: 'ip', table: 'filter', chain: 'FORWARD' } as const;

/** A watch of a node whose chain drops, unless `errors` has one for the look. */
function begin(t: TestContext, errors: (number | undefined)[]) {
  const told: Occurrence[] = [];
  const tell = (occurrence: Occurrence): void => void told.push(occurrence);
  let open = 0;
  const network = { namespace: undefined } as never;
  const watch = new ForwardWatch({ network, tell }, () => {
    const errno = errors.shift();
    if (errno === EPROTONOSUPPORT) throw new KernelError('open socket', errno);
    open++;
    return {
      forwardChains: () => {
        if (errno !== undefined) throw new KernelError('list chains', errno);
        return [{ ...CHAIN, policy: 'drop' }];
      },
      rules: () => [],
      close: () => void open--,
    };
  });
  t.after(() => watch.close());
  return { watch, told, isClosed: () => open === 0 };
}

const [EINTR, EIO, EINVAL, EPROTONOSUPPORT] = [4, 5, 22, 93];

test('a kernel without netfilter, or without nftables, has no problem', (t) => {
  const errors = [EPROTONOSUPPORT, EINVAL];
  const { watch, told, isClosed } = begin(t, errors);
  assert.deepEqual(watch.problems, []);
  for (let look = 0; look < 60; look++) watch.look();
  assert.equal(errors.length, 1, 'the kernel is not asked every time');
  watch.look();
  assert.deepEqual([errors, watch.problems, told, isClosed()], [[], [], [], true]);
  for (let look = 0; look < 61; look++) watch.look();
  assert.equal(watch.problems.length, 1, 'nftables may come later');
});

test('a chain that drops is told once, and kept where rules do not keep still', (t) => {
  const { watch, told, isClosed } = begin(t, [undefined, EINTR, undefined, EIO]);
  const found = watch.problems;
  assert.match(found.join(), /^chain FORWARD of table ip filter drops/);
  watch.look();
  assert.deepEqual(watch.problems, found);
  watch.look();
  assert.deepEqual([watch.problems, told.length, isClosed()], [found, 1, true]);
  watch.look();
  assert.match(watch.problems.join(), /^netfilter cannot be looked at.*EIO/);
});
