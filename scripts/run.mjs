/**
 * The bootstrap: makes a clone ready, then hands over to scripts/src/main.ts.
 *
 * The only JavaScript of the project that is written by hand, because it runs before anything is
 * built. It needs Node and npm, nothing else.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const nodeVersionMin = '20.19.0';
const lookMilliseconds = 250;

endWithNpm();
checkNode();
if (!isInstalled()) install();
compile();
const { main } = await import('./dist/main.js');
process.exitCode = await main(process.argv.slice(2));

/**
 * npm runs this by way of a shell. Whichever of them is killed, nobody tells this process: it looks,
 * and ends as by SIGTERM, which is passed on to whatever it runs.
 */
function endWithNpm() {
  const above = processesToNpm();
  const isWhole = () => above.every((pid, at) => parentOf(above[at - 1] ?? process.pid) === pid);
  const look = () => isWhole() || process.kill(process.pid, 'SIGTERM');
  if (above.length > 0) setInterval(look, lookMilliseconds).unref();
}

/** Above this process, npm being the last; none where it was not npm, or where there is no /proc. */
function processesToNpm() {
  const above = [];
  for (let pid = parentOf(process.pid); pid > 1; pid = parentOf(pid)) {
    above.push(pid);
    if (executableOf(pid) === process.env.npm_node_execpath) return above;
  }
  return [];
}

/** 0 where there is no such process. */
function parentOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')')).split(' ')[2]);
  } catch {
    return 0;
  }
}

function executableOf(pid) {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return '';
  }
}

function checkNode() {
  const parts = (version) => version.split('.').map(Number);
  const found = parts(process.versions.node);
  const expected = parts(nodeVersionMin);
  const at = found.findIndex((part, index) => part !== expected[index]);
  if (at >= 0 && found[at] < expected[at]) {
    fail(`node version: found ${process.versions.node}, expected ${nodeVersionMin} or newer`);
  }
}

/** Whether node_modules holds the versions of the lockfile; npm leaves a copy of what it installed. */
function isInstalled() {
  const installedPath = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(installedPath)) return false;
  const installed = readPackages(installedPath);
  const expected = readPackages(join(root, 'package-lock.json'));
  return Object.entries(expected).every(([path, entry]) => {
    if (!path.startsWith('node_modules/')) return true;
    const found = installed[path];
    if (!found) return entry.optional === true || entry.peer === true;
    return found.version === entry.version && found.resolved === entry.resolved;
  });
}

function readPackages(path) {
  return JSON.parse(readFileSync(path, 'utf8')).packages;
}

function install() {
  const started = Date.now();
  console.error('skep: installing dependencies as package-lock.json says (npm ci) ...');
  const options = { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' };
  const { status, error } = spawnSync('npm', ['ci'], options);
  if (error) fail(`npm ci: ${error.message} (is npm on the PATH?)`);
  if (status !== 0) fail(`npm ci: exit status ${status} (is the package registry reachable?)`);
  console.error(`skep: installed in ${((Date.now() - started) / 1000).toFixed(1)} s`);
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

function fail(message) {
  console.error(`skep: ${message}`);
  process.exit(1);
}
