/**
 * How the machine was before the agent changed it. It has a file of its own, which hardly ever
 * changes: what puts the machine back must not go with a state that is damaged.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Disk, Journal } from './journal.ts';
import type { Memory } from './memory.ts';
import { forwardingBefore } from './schema.ts';
import { StateError } from './state-error.ts';

const FILE = 'originals.journal';
/** Every file that may be in a state directory because of them. */
export const ORIGINALS_FILES: readonly string[] = [FILE, `${FILE}.new`];
const KEY = 'originals';

const schema = z.strictObject({
  forwarding: forwardingBefore.optional(),
  /** The kernel's list of ports; absent while masquerade is off. */
  reservedPorts: z.string().optional(),
  /** Mount point of the BPF file system that the agent has mounted, if it has. */
  mountedBpffs: z.string().optional(),
  /** Folders that were not there, the deepest ones first. */
  madeFolders: z.array(z.string()).optional(),
});

/** Each is there from before the agent's change until it is taken back. */
export type OriginalValues = z.infer<typeof schema>;

/** Whether a state directory has the file. */
export function hasOriginals(directory: string): boolean {
  return existsSync(join(directory, FILE));
}

/** The values, each of which is on disk before the machine is changed. */
export class Originals {
  private readonly journal: Journal;
  private values: OriginalValues = {};

  /** Opens the file of an existing directory, or makes it. @throws StateError, StateWriteError */
  constructor(directory: string, disk?: Disk) {
    this.journal = new Journal(join(directory, FILE), disk);
    for (const [key, value] of this.journal.entries()) {
      const result = schema.safeParse(value);
      if (key === KEY && result.success) this.values = result.data;
      else throw new StateError(this.path, `key '${key}', expected ${KEY} as this build has them`);
    }
  }

  get path(): string {
    return this.journal.path;
  }

  get current(): OriginalValues {
    return this.values;
  }

  /** @throws StateWriteError */
  change(changes: Partial<OriginalValues>): void {
    const values = { ...this.values, ...changes };
    this.journal.append([[KEY, values]]);
    this.values = values;
  }

  /** As {@link Journal.putBack}. */
  putBack(): boolean {
    return this.journal.putBack();
  }

  close(): void {
    this.journal.close();
  }

  /** Nothing of it is left on disk. */
  forget(): void {
    this.journal.remove();
  }
}

/**
 * Opens them beside their state. What is on the machine now is never taken for what was there
 * before where an agent has been.
 *
 * @throws StateError where the state knows of some that are gone; StateWriteError
 */
export function openOriginals(directory: string, memory: Memory, disk?: Disk): Originals {
  if (memory.current.hasOriginals && !hasOriginals(directory)) {
    throw new StateError(join(directory, FILE), 'not there, expected what was before the agent');
  }
  const originals = new Originals(directory, disk);
  const stored = storedOriginals(memory);
  if (Object.keys(stored).length > 0) originals.change({ ...stored, ...originals.current });
  if (!memory.current.hasOriginals) memory.changeNode({ ...NOT_STORED, hasOriginals: true });
  return originals;
}

/** What builds without the file of originals have of them in the state. */
export function storedOriginals({ current }: Memory): OriginalValues {
  const { forwardingBefore: forwarding, masquerade, mountedBpffs } = current;
  return {
    ...(forwarding && { forwarding }),
    ...(masquerade && { reservedPorts: masquerade.reservedPortsBefore }),
    ...(mountedBpffs !== undefined && { mountedBpffs }),
  };
}

const NOT_STORED = { forwardingBefore: undefined, masquerade: undefined, mountedBpffs: undefined };
