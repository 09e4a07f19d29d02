/** What package-lock.json says, in node_modules. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from './fail.mjs';

const registryIsAway =
  /^npm error code (ECONN\w+|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ERR_SOCKET_TIMEOUT|E(NET|HOST)UNREACH)$/m;

/**
 * Whether node_modules holds the versions of the lockfile: npm leaves a copy of what it installed,
 * and a folder for each package.
 */
export function isInstalled(root) {
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

export function install(root) {
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
