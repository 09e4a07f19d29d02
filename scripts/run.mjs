/**
 * The bootstrap: makes a clone ready, then hands over to scripts/src/main.ts.
 *
 * With scripts/bootstrap the only JavaScript of the project that is written by hand, because it runs
 * before anything is built. It needs Node and npm, nothing else.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { endWithNpm } from './bootstrap/end-with-npm.mjs';
import { fail } from './bootstrap/fail.mjs';
import { install, isInstalled } from './bootstrap/install.mjs';
import { takeLock } from './bootstrap/lock.mjs';

const root = join(import.meta.dirname, '..');
const nodeVersionMin = '20.19.0';

endWithNpm();
checkNode();
const release = await takeLock(join(root, '.cache/building.lock'));
process.once('exit', release);
if (!isInstalled(root)) install(root);
compile();
const { main } = await import('./dist/main.js');
process.exitCode = await main(process.argv.slice(2), release);

function checkNode() {
  const parts = (version) => version.split('.').map(Number);
  const found = parts(process.versions.node);
  const expected = parts(nodeVersionMin);
  const at = found.findIndex((part, index) => part !== expected[index]);
  if (at >= 0 && found[at] < expected[at]) {
    fail(`node version: found ${process.versions.node}, expected ${nodeVersionMin} or newer`);
  }
}

/** TypeScript 7; node_modules/.bin/tsc may be another version's, so it is named by its path. */
function compile() {
  if (!existsSync(join(root, 'scripts/dist/main.js'))) {
    console.error('skep: building for the first time ...');
  }
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const arguments_ = [tsc, '-b'];
  const { status } = spawnSync(process.execPath, arguments_, { cwd: root, stdio: 'inherit' });
  if (status !== 0) fail(`build: tsc -b: exit status ${status}, expected 0`);
}
