/** One command at a time installs or builds: two at once would take each other's files away. */
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fail } from './fail.mjs';
import { identityOf } from './process.mjs';

const pollMilliseconds = 50;
const self = identityOf(process.pid);

/** Waits until no other process holds the file `lock`. @returns what gives it back, once */
export async function takeLock(lock) {
  mkdirSync(dirname(lock), { recursive: true });
  for (let told = null; !create(lock); await setTimeout(pollMilliseconds)) {
    const holder = holderOf(lock);
    if (holder === null || holder === told) continue;
    console.error(`skep: waiting for process ${pidOf(holder)}, which installs or builds (${lock})`);
    told = holder;
  }
  return () => {
    if (ownerOf(lock) === self) rmSync(lock);
  };
}

/**
 * Null where it is worth another try: the lock of a process that is gone is removed. Of several that
 * try that, the one with a claim does; the claim is a lock as well, since who has it may be killed.
 */
function holderOf(lock) {
  const owner = ownerOf(lock);
  if (owner === null || isAlive(owner)) return owner;
  const claim = `${lock}.of-${owner}`;
  if (create(claim)) {
    if (ownerOf(lock) === owner) rmSync(lock);
    rmSync(claim);
  } else {
    holderOf(claim);
  }
  return null;
}

/** Whether the file was made; it names this process from its first moment on. */
function create(file) {
  const own = `${file}.by-${self}`;
  try {
    writeFileSync(own, self);
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

/** What names this process was of another one: without /proc, a number that it has, too. */
function isAlive(owner) {
  if (owner === self) return false;
  const found = identityOf(pidOf(owner));
  return found !== null && `${found}-`.startsWith(`${owner}-`);
}

function pidOf(owner) {
  return Number(owner.split('-', 1)[0]);
}
