/** The bootstrap, in a folder with a small lockfile, an `npm` and a `tsc` of its own. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { projectRoot } from './project.ts';

/** Installs one package; two at once end each other, as those of npm do. */
const npm = `#!${process.execPath}
const { appendFileSync, existsSync, mkdirSync, rmSync, writeFileSync } = require('node:fs');
if (process.env.NPM_SAYS) {
  console.error(process.env.NPM_SAYS);
  process.exit(1);
}
if (existsSync('installing')) process.exit(239);
writeFileSync('installing', '');
appendFileSync('log', 'npm ci\\n');
setTimeout(() => {
  const tsc = 'node_modules/typescript/bin';
  mkdirSync(tsc, { recursive: true });
  writeFileSync(tsc + '/tsc', '');
  const lock = { packages: { 'node_modules/typescript': { version: '1.0.0' } } };
  writeFileSync('node_modules/.package-lock.json', JSON.stringify(lock));
  rmSync('installing');
}, 300);
`;
const main = `
import { appendFileSync } from 'node:fs';
export async function main([name], onBuilt) {
  appendFileSync('log', name + ' built\\n');
  onBuilt();
  await new Promise((resolve) => setTimeout(resolve, 100));
  return 0;
}
`;

interface Outcome {
  readonly status: number | null;
  readonly errors: string;
}

interface Clone {
  readonly folder: string;
  readonly lock: string;
  run(name: string, environment?: NodeJS.ProcessEnv, onError?: () => void): Promise<Outcome>;
  log(): string[];
}

function makeClone(t: TestContext): Clone {
  const folder = mkdtempSync(join(tmpdir(), 'skep-run-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const each of ['bin', 'scripts/dist', '.cache']) {
    mkdirSync(join(folder, each), { recursive: true });
  }
  for (const each of ['scripts/run.mjs', 'scripts/bootstrap']) {
    cpSync(join(projectRoot, each), join(folder, each), { recursive: true });
  }
  writeFileSync(join(folder, 'bin/npm'), npm, { mode: 0o755 });
  writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }');
  writeFileSync(join(folder, 'scripts/dist/package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'scripts/dist/main.js'), main);
  const packages = { '': {}, 'node_modules/typescript': { version: '1.0.0' } };
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages }));
  return {
    folder,
    lock: join(folder, '.cache/building.lock'),
    run: (name, environment = {}, onError = () => {}) => run(folder, name, environment, onError),
    log: () => readFileSync(join(folder, 'log'), 'utf8').trim().split('\n'),
  };
}

/** Calls `onError` whenever something is said on stderr. */
function run(
  folder: string,
  name: string,
  environment: NodeJS.ProcessEnv,
  onError: () => void,
): Promise<Outcome> {
  const PATH = `${join(folder, 'bin')}:${process.env.PATH}`;
  const env = { ...process.env, PATH, ...environment };
  const child = spawn(process.execPath, ['scripts/run.mjs', name], { cwd: folder, env });
  let errors = '';
  child.stderr.on('data', (part: Buffer) => {
    errors += part.toString();
    onError();
  });
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, errors })));
}

test('of two commands in a fresh clone one installs, and the other waits', async (t) => {
  const clone = makeClone(t);
  const outcomes = await Promise.all(['one', 'other'].map((name) => clone.run(name)));
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    [0, 0],
    outcomes.map(({ errors }) => errors).join(''),
  );
  const [installed, ...built] = clone.log();
  assert.equal(installed, 'npm ci');
  assert.deepEqual(built.sort(), ['one built', 'other built']);
  const waited = outcomes.filter(({ errors }) => /^skep: waiting for process \d+/m.test(errors));
  assert.equal(waited.length, 1);
  assert.equal(existsSync(clone.lock), false);
});

test('the lock of a process that is gone is taken over', async (t) => {
  const clone = makeClone(t);
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  writeFileSync(clone.lock, String(pid));
  const names = ['one', 'two', 'three', 'four'];
  const outcomes = await Promise.all(names.map((name) => clone.run(name)));
  for (const { status, errors } of outcomes) assert.equal(status, 0, errors);
  assert.deepEqual(clone.log().slice(0, 1), ['npm ci']);
  assert.equal(clone.log().length, 5);
});

test('a process that is waited for may be killed', { timeout: 20_000 }, async (t) => {
  const clone = makeClone(t);
  const holder = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  t.after(() => holder.kill('SIGKILL'));
  writeFileSync(clone.lock, String(holder.pid));
  const begun: boolean[] = [];
  const { status, errors } = await clone.run('one', {}, () => {
    if (holder.kill('SIGKILL')) begun.push(existsSync(join(clone.folder, 'log')));
  });
  assert.equal(begun[0], false, 'it waits');
  assert.equal(status, 0, errors);
  assert.match(errors, new RegExp(`^skep: waiting for process ${holder.pid}, which`));
});

test('the lock of a killed process whose number another has by now is taken over', {
  timeout: 20_000,
  skip: !existsSync('/proc/self/stat') && 'needs /proc',
}, async (t) => {
  const clone = makeClone(t);
  const module = join(clone.folder, 'scripts/bootstrap/lock.mjs');
  const killed = `const { takeLock } = await import(${JSON.stringify(module)});
    await takeLock(${JSON.stringify(clone.lock)});
    process.kill(process.pid, 'SIGKILL');`;
  spawnSync(process.execPath, ['--input-type=module', '-e', killed]);
  const left = readFileSync(clone.lock, 'utf8');
  writeFileSync(clone.lock, left.replace(/^\d+/, String(process.pid)));
  const { status, errors } = await clone.run('one');
  assert.equal(status, 0, errors);
});

test('a process that was killed while it took a lock over hinders nobody', {
  timeout: 20_000,
}, async (t) => {
  const clone = makeClone(t);
  const [owner, claimant] = ['', ''].map(() => spawnSync(process.execPath, ['-e', '']).pid);
  writeFileSync(clone.lock, String(owner));
  writeFileSync(`${clone.lock}.of-${owner}`, String(claimant));
  const outcomes = await Promise.all(['one', 'two', 'three'].map((name) => clone.run(name)));
  for (const { status, errors } of outcomes) assert.equal(status, 0, errors);
  assert.equal(clone.log().filter((line) => line === 'npm ci').length, 1);
  assert.deepEqual(readdirSync(join(clone.folder, '.cache')), []);
});

test('a lock that names nobody holds nobody', { timeout: 20_000 }, async (t) => {
  const clone = makeClone(t);
  writeFileSync(clone.lock, '');
  const { status, errors } = await clone.run('one');
  assert.equal(status, 0, errors);
});

test('a package whose folder is gone is installed anew', async (t) => {
  const clone = makeClone(t);
  await clone.run('first');
  await clone.run('second');
  rmSync(join(clone.folder, 'node_modules/typescript'), { recursive: true });
  await clone.run('third');
  assert.deepEqual(clone.log(), ['npm ci', 'first built', 'second built', 'npm ci', 'third built']);
});

const failures: readonly [name: string, says: string, found: RegExp][] = [
  ['an error of the network', 'npm error code ENOTFOUND', /status 1 \(is the package registry rea/],
  ['another error', 'npm error code EEXIST', /status 1$/],
];
for (const [name, says, found] of failures) {
  test(`${name} of npm is told as such, and the lock is given back`, async (t) => {
    const clone = makeClone(t);
    const { status, errors } = await clone.run('one', { NPM_SAYS: says });
    assert.equal(status, 1);
    assert.match(errors.trim(), found);
    assert.ok(errors.includes(says), errors);
    assert.equal(existsSync(clone.lock), false);
  });
}
