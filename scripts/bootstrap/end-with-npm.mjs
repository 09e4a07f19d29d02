/** Nobody tells a command that who called it was killed. */
import { readlinkSync } from 'node:fs';
import { statOf } from './process.mjs';

const lookMilliseconds = 250;

/**
 * npm runs this by way of a shell. Whichever of them is killed, nobody tells this process: it looks,
 * and ends as by SIGTERM, which is passed on to whatever it runs.
 */
export function endWithNpm() {
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
  return Number(statOf(pid)[1] ?? 0);
}

function executableOf(pid) {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return '';
  }
}
