/**
 * A short churn with every run of the tests; `npm run test:churn` makes a long one of it.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { cannotRunContainers } from '../testing/container-node.ts';
import { CONTAINERD_PROGRAMS } from '../testing/containerd.ts';
import { PODMAN_PROGRAMS } from '../testing/podman.ts';
import { type ChurnOptions, runChurn } from './churn.ts';

/** Of `npm run test:churn`: the options as JSON. */
const ASKED = process.env.SKEP_CHURN;
const SHORT: ChurnOptions = { seed: 20, containers: 8, atOnce: 4, podmanShare: 0 };
const OPTIONS = ASKED === undefined ? SHORT : (JSON.parse(ASKED) as ChurnOptions);

const programs = { ...CONTAINERD_PROGRAMS, ...(OPTIONS.podmanShare > 0 ? PODMAN_PROGRAMS : {}) };
const noFolder = existsSync('/etc/cni/net.d') ? false : 'no /etc/cni/net.d (Debian: podman)';

describe(`a churn of containers, seed ${OPTIONS.seed}`, {
  skip: cannotRunContainers(programs) || noFolder,
}, () => {
  test('no verdict is wrong, and nothing is left', async (t) => {
    const { facts, wrong } = await runChurn(OPTIONS);
    for (const [name, value] of Object.entries(facts)) {
      t.diagnostic(`${name}: ${JSON.stringify(value)}`);
    }
    assert.deepEqual(wrong, []);
    const { allowed, denied } = facts;
    assert.ok(Number(allowed) >= OPTIONS.containers / 2, `${allowed} allowed`);
    assert.ok(Number(denied) >= OPTIONS.containers / 2, `${denied} denied`);
  });
});
