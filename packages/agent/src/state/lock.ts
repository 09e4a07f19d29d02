/** One agent for one state directory: two would write the same tables. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isProcessAlive, type ProcessIdentity, readProcessIdentity } from '@skep/sys';

/** Another agent has the directory, and is alive. */
export class AgentRunningError extends Error {
  readonly code = 'ERR_AGENT_RUNNING';
  constructor(directory: string, pid: number) {
    super(`lock state ${directory}: the agent with pid ${pid} has it (stop it first)`);
  }
}

/**
 * Takes the directory for this process; what a dead agent has left does not count.
 *
 * @returns gives it back
 * @throws AgentRunningError
 */
export function lockState(directory: string): () => void {
  const file = join(directory, 'agent.lock');
  const holder = readHolder(file);
  if (holder && isProcessAlive(holder)) throw new AgentRunningError(directory, holder.pid);
  writeFileSync(file, JSON.stringify(readProcessIdentity(process.pid)), { mode: 0o600 });
  return () => rmSync(file, { force: true });
}

function readHolder(file: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity;
  } catch {
    // Not there, or cut off by a crash while it was written: nobody has it.
    return undefined;
  }
}
