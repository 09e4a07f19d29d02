/** `npm start` in which any of its processes is killed: the lab goes, and the next start works. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
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
const NAME = `npm${process.pid}`;
/** Small, so that most of the time goes into what is killed. */
const LAB = `
apiVersion: skep.dev/v1
kind: Lab
metadata: { name: ${NAME} }
spec:
  namespaces: { room: {} }
  endpoints:
    - name: anna
      namespace: room
      ipv4: 10.78.0.1
      serves: [{ name: web, protocol: TCP, port: 8080, kind: tcp }]
    - { name: bert, namespace: room, ipv4: 10.78.0.2 }
  probes:
    - { from: bert, to: anna, port: web, expect: allowed }
`;
const ROUNDS_MAX = 1200;
const ROUND_MILLISECONDS = 50;

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
  writeFileSync(file, LAB);
  const seen: ProcessIdentity[] = [];

  afterEach(() => {
    for (const each of seen.splice(0)) if (isProcessAlive(each)) process.kill(each.pid, 'SIGKILL');
    LabRecord.read(NAME)?.remove();
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** With the flows of the lab that is up. */
  async function start(): Promise<ProcessIdentity[]> {
    const npm = spawn('npm', ['start', '--', file], { cwd: ROOT, detached: true });
    seen.push(readProcessIdentity(npm.pid!)!);
    let output = '';
    for (const stream of [npm.stdout, npm.stderr]) stream.on('data', (text) => (output += text));
    await until(
      () => output.includes('live flows'),
      () => output,
    );
    assert.match(output, /all 1 verdicts are as expected/);
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
    test(`SIGKILL of ${name}, a start at once, and SIGTERM: each lab is taken away`, async () => {
      const killed = await start();
      process.kill(of(killed).pid, 'SIGKILL');
      const next = await start();
      assert.deepEqual(killed.filter(isProcessAlive), []);
      process.kill(of(next).pid, 'SIGTERM');
      await until(
        () => labTraces(NAME).length === 0 && !next.some(isProcessAlive),
        () => labTraces(NAME).join('\n'),
      );
    });
  }
});
