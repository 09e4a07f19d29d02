/** What tells one process from another, where a number may be another one's later. */
import { readFileSync } from 'node:fs';

/** Of /proc/PID/stat, from the state on; one empty field where there is no such process, or no /proc. */
export function statOf(pid) {
  const stat = read(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** Its number and, where there is /proc, since when: ticks since a boot. `null` once it has ended. */
export function identityOf(pid) {
  const stat = statOf(pid);
  if (stat[0] === 'Z') return null;
  if (stat[0] === '') return exists(pid) ? String(pid) : null;
  return [pid, stat[19], read('/proc/sys/kernel/random/boot_id').trim()].join('-');
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function exists(pid) {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}
