/** `npm start` in which any of its processes is killed: the lab goes, and the next start works. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { canUseBpf } from '@skep/bpf';
import { LabRecord } from '@skep/lab';
import { isProcessAlive, type ProcessIdentity, readProcessIdentity } from '@skep/sys';
import { labTraces } from './testing/lab-traces.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const LABS = join(ROOT, 'examples/labs');
const NAME = `npm${process.pid}`;
const ROUNDS_MAX = 1200;
const ROUND_MILLISECONDS = 50;

interface Started {
  readonly npm: ChildProcess;
  readonly output: () => string;
}

/** From npm to the demo, each the child of the one before. */
function chainOf(npm: ChildProcess): ProcessIdentity[] {
  const chain: ProcessIdentity[] = [];
  const isDemo = (pid: number): boolean =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('\0demo\0');
  for (let pid = npm.pid!; ; ) {
    chain.push(readProcessIdentity(pid)!);
    if (isDemo(pid)) return chain;
    // The bootstrap has other children, which it has started before.
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    pid = Number(children.at(-1));
    assert.ok(pid > 0, 'no demo below npm');
  }
}

async function until(isSo: () => boolean, what: () => string): Promise<void> {
  for (let round = 0; round < ROUNDS_MAX && !isSo(); round++) {
    await new Promise((resolve) => setTimeout(resolve, ROUND_MILLISECONDS));
  }
  assert.ok(isSo(), what());
}

describe('npm start, killed', { skip: canUseBpf() ?? false }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'skep-npm-'));
  const file = join(folder, 'lab.yaml');
  const shop = readFileSync(join(LABS, 'shop.yaml'), 'utf8').replace('name: shop', `name: ${NAME}`);
  writeFileSync(file, shop.replace('shop-policies.yaml', join(LABS, 'shop-policies.yaml')));
  const seen: ProcessIdentity[] = [];

  afterEach(() => {
    for (const each of seen.splice(0)) if (isProcessAlive(each)) process.kill(each.pid, 'SIGKILL');
    LabRecord.read(NAME)?.remove();
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function start(...words: readonly string[]): Started {
    const npm = spawn('npm', ['start', '--', file, ...words], { cwd: ROOT, detached: true });
    seen.push(readProcessIdentity(npm.pid!)!);
    let output = '';
    for (const stream of [npm.stdout, npm.stderr]) stream.on('data', (text) => (output += text));
    return { npm, output: () => output };
  }

  /** With the flows of the lab that is up. */
  async function startWhole(): Promise<ProcessIdentity[]> {
    const { npm, output } = start();
    await until(() => output().includes('live flows'), output);
    const chain = chainOf(npm);
    seen.push(...chain);
    return chain;
  }

  const victims = [
    { name: 'npm', of: (chain: readonly ProcessIdentity[]) => chain[0]! },
    { name: 'its shell', of: (chain: readonly ProcessIdentity[]) => chain[1]! },
    { name: 'scripts/run.mjs', of: (chain: readonly ProcessIdentity[]) => chain.at(-2)! },
    { name: 'the demo', of: (chain: readonly ProcessIdentity[]) => chain.at(-1)! },
  ];

  for (const { name, of } of victims) {
    test(`SIGTERM of ${name}: all of it ends, and takes the lab away`, async () => {
      const chain = await startWhole();
      process.kill(of(chain).pid, 'SIGTERM');
      await until(
        () => labTraces(NAME).length === 0 && !chain.some(isProcessAlive),
        () => labTraces(NAME).join('\n'),
      );
    });

    test(`SIGKILL of ${name}: the next start, at once, takes away what is left`, async () => {
      const chain = await startWhole();
      process.kill(of(chain).pid, 'SIGKILL');
      const next = start('--once');
      const [status] = await once(next.npm, 'close');
      assert.equal(status, 0, next.output());
      assert.deepEqual(labTraces(NAME), []);
      assert.deepEqual(chain.filter(isProcessAlive), []);
    });
  }
});
