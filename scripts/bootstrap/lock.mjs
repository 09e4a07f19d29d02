/** One command at a time installs or builds: two at once would take each other's files away. */
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fail } from './fail.mjs';

const pollMilliseconds = 50;

/** Waits until no other process holds the file `lock`. @returns what gives it back, once */
export async function takeLock(lock) {
  mkdirSync(dirname(lock), { recursive: true });
  for (let told = null; !create(lock); await setTimeout(pollMilliseconds)) {
    const owner = ownerOf(lock);
    // A number of this process was another one's before: in a container numbers begin anew.
    const isGone = owner === String(process.pid) || !isAlive(Number(owner));
    if (owner === null || (isGone && takeOver(lock, owner)) || owner === told) continue;
    console.error(`skep: waiting for process ${owner}, which installs or builds (${lock})`);
    told = owner;
  }
  return () => {
    if (ownerOf(lock) === String(process.pid)) rmSync(lock);
  };
}

/** Removes the lock of a process that is gone. Of several that try, one does, and gets true. */
function takeOver(lock, owner) {
  const claim = `${lock}.of-${owner}`;
  if (!create(claim)) return false;
  if (ownerOf(lock) === owner) rmSync(lock);
  rmSync(claim);
  return true;
}

/** Whether the file was made; it names this process from its first moment on. */
function create(file) {
  const own = `${file}.by-${process.pid}`;
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
