/** What is in an agent's journal, while it runs or not. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Memory } from '../state/memory.ts';

/** How many of each there are. */
export interface LeftState {
  readonly endpoints: number;
  readonly policies: number;
  /** Addresses that cool down, or have since the last endpoint went. */
  readonly released: number;
}

/** Reads a copy: the journal is its agent's alone. */
export function readLeftState(stateDirectory: string): LeftState {
  const copy = mkdtempSync(join(tmpdir(), 'skep-state-'));
  try {
    cpSync(stateDirectory, copy, { recursive: true });
    const memory = new Memory(copy);
    const { endpoints, policies, released } = memory;
    memory.close();
    return { endpoints: endpoints.size, policies: policies.length, released: released.size };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
