import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { canUseBpf } from '@skep/bpf';
import { createNamespace, deleteNamespace, listNamespaces } from '@skep/netlink';
import { namePrefix, removeLeftovers } from './leftovers.ts';

describe('namespaces of the benchmark', { skip: canUseBpf() ?? false }, () => {
  test('of a run that is no more go, of one that runs stay', (t) => {
    const { pid } = spawnSync('true');
    const [dead, own] = [`skep-bench-${pid}-left`, `${namePrefix()}mine`];
    t.after(() => [dead, own].forEach(deleteNamespace));
    for (const name of [dead, own]) createNamespace(name);
    removeLeftovers();
    const left = listNamespaces();
    assert.deepEqual([left.includes(dead), left.includes(own)], [false, true]);
  });
});
