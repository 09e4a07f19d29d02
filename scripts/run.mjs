/**
 * The bootstrap: makes a clone ready, then hands over to scripts/src/main.ts.
 *
 * The only JavaScript of the project that is written by hand, because it runs before anything is
 * built. It needs Node and npm, nothing else.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const root = join(import.meta.dirname, '..');
const nodeVersionMin = '20.19.0';
const lookMilliseconds = 250;
/** Holds the process that installs or builds: two at once would take each other's files away. */
const lock = join(root, '.cache/building.lock');
const lockPollMilliseconds = 50;
const registryIsAway =
  /^npm error code (ECONN\w+|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ERR_SOCKET_TIMEOUT|E(NET|HOST)UNREACH)$/m;

endWithNpm();
checkNode();
const release = await takeLock();
process.once('exit', release);
if (!isInstalled()) install();
compile();
const { main } = await import('./dist/main.js');
process.exitCode = await main(process.argv.slice(2), release);

/** Waits until no other command installs or builds. @returns what gives the lock back, once */
async function takeLock() {
  mkdirSync(dirname(lock), { recursive: true });
  for (let told = null; !create(lock); await setTimeout(lockPollMilliseconds)) {
    const owner = ownerOf(lock);
    // A number of this process was another one's before: in a container numbers begin anew.
    const isGone = owner === String(process.pid) || !isAlive(Number(owner));
    if (owner === null || (isGone && takeOver(owner)) || owner === told) continue;
    console.error(`skep: waiting for process ${owner}, which installs or builds (${lock})`);
    told = owner;
  }
  return () => {
    if (ownerOf(lock) === String(process.pid)) rmSync(lock);
  };
}

/** Removes the lock of a process that is gone. Of several that try, one does, and gets true. */
function takeOver(owner) {
  const claim = `${lock}.of-${owner}`;
  if (!create(claim)) return false;
  if (ownerOf(lock) === owner) rmSync(lock);
  rmSync(claim);
  return true;
}

/** Whether the file was made; it names this process from its first moment on. */
function create(file) {
  const own = `${lock}.by-${process.pid}`;
  try {
    writeFileSync(own, String(process.pid));
    linkSync(own, file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    fail(`lock: ${error.message}`);
  } finally {
    rmSync(own, { force: true });
  }
}

/** `null` where the file is gone. */
function ownerOf(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

function isAlive(pid) {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

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

/**
 * Whether node_modules holds the versions of the lockfile: npm leaves a copy of what it installed,
 * and a folder for each package.
 */
function isInstalled() {
  const installedPath = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(installedPath)) return false;
  const installed = readPackages(installedPath);
  const expected = readPackages(join(root, 'package-lock.json'));
  return Object.entries(expected).every(([path, entry]) => {
    if (!path.startsWith('node_modules/')) return true;
    const found = installed[path];
    if (!found) return entry.optional === true || entry.peer === true;
    const isSame = found.version === entry.version && found.resolved === entry.resolved;
    return isSame && existsSync(join(root, path));
  });
}

function readPackages(path) {
  return JSON.parse(readFileSync(path, 'utf8')).packages;
}

function install() {
  const started = Date.now();
  console.error('skep: installing dependencies as package-lock.json says (npm ci) ...');
  const { status, stderr, error } = spawnSync('npm', ['ci'], {
    cwd: root,
    stdio: ['inherit', 'inherit', 'pipe'],
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (error) fail(`npm ci: ${error.message} (is npm on the PATH?)`);
  process.stderr.write(stderr);
  const advice = registryIsAway.test(stderr) ? ' (is the package registry reachable?)' : '';
  if (status !== 0) fail(`npm ci: exit status ${status}${advice}`);
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
