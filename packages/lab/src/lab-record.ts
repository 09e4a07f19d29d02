/**
 * What a lab has made on the machine, written down before it is made: whoever finds the file can
 * take it all away again, also after a crash.
 */
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { deleteNamespace, listNamespaces } from '@skep/netlink';
import {
  isBpfFileSystem,
  isProcessAlive,
  type ProcessIdentity,
  readProcessIdentity,
  unmountBpfFileSystem,
} from '@skep/sys';

/** Where labs keep what they need while they run. */
export const LABS_DIRECTORY = '/run/skep/labs';

/** How long an owner has for taking its lab away. */
const ROUNDS_MAX = 100;
const ROUND_MILLISECONDS = 100;

interface Contents {
  /** Who brought it up. */
  readonly owner: ProcessIdentity;
  readonly namespaces: readonly string[];
  readonly processes: readonly ProcessIdentity[];
  /** Whether its owner has been told to take it away, and does. */
  readonly isEnding?: boolean;
}

/**
 * The record of one lab: `lab.json` in a folder that also holds its agent's state, pins and socket.
 * Every change reaches the disk before the thing that it speaks of is made.
 */
export class LabRecord {
  private readonly file: string;

  private constructor(
    readonly directory: string,
    private contents: Contents,
  ) {
    this.file = join(directory, 'lab.json');
  }

  /**
   * Begins the record of a lab that this process brings up.
   *
   * @returns `undefined` where there is one: of two processes that begin at once one gets it
   */
  static create(name: string): LabRecord | undefined {
    const directory = labDirectory(name);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const owner = readProcessIdentity(process.pid)!;
    const record = new LabRecord(directory, { owner, namespaces: [], processes: [] });
    return record.claim() ? record : undefined;
  }

  /** The record that a lab has left; `undefined` where there is none. */
  static read(name: string): LabRecord | undefined {
    const file = join(labDirectory(name), 'lab.json');
    if (!existsSync(file)) return undefined;
    return new LabRecord(labDirectory(name), JSON.parse(readFileSync(file, 'utf8')));
  }

  get bpffs(): string {
    return join(this.directory, 'bpf');
  }

  get state(): string {
    return join(this.directory, 'state');
  }

  get socket(): string {
    return join(this.directory, 'agent.sock');
  }

  /** Whether the process that brought it up still runs. */
  get isOwned(): boolean {
    return isProcessAlive(this.contents.owner);
  }

  /** Whether its owner, if it still runs, takes it away without being asked. */
  get isEnding(): boolean {
    return this.contents.isEnding ?? false;
  }

  /** Lets the next lab of the name wait for the end of this one, instead of being refused. */
  announceEnd(): void {
    if (existsSync(this.file)) this.save({ isEnding: true });
  }

  addNamespace(name: string): void {
    this.save({ namespaces: [...this.contents.namespaces, name] });
  }

  addProcess(pid: number): void {
    const identity = readProcessIdentity(pid);
    if (identity) this.save({ processes: [...this.contents.processes, identity] });
  }

  /** Asks its owner to take it away and waits; without one, takes it away here. */
  async end(): Promise<void> {
    if (this.isOwned) process.kill(this.contents.owner.pid, 'SIGINT');
    for (let round = 0; round < ROUNDS_MAX && this.isOwned && existsSync(this.file); round++) {
      await new Promise((resolve) => setTimeout(resolve, ROUND_MILLISECONDS));
    }
    if (existsSync(this.file)) this.remove();
  }

  /** Takes away everything that is written down, whatever of it is still there. */
  remove(): void {
    for (const identity of this.contents.processes) {
      if (isProcessAlive(identity)) process.kill(identity.pid, 'SIGKILL');
    }
    if (isBpfFileSystem(this.bpffs)) unmountBpfFileSystem(this.bpffs);
    const present = new Set(listNamespaces());
    for (const name of this.contents.namespaces) if (present.has(name)) deleteNamespace(name);
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Writes the file where there is none. A link, unlike a rename, never replaces one. */
  private claim(): boolean {
    const draft = `${this.file}.${process.pid}`;
    writeFileSync(draft, JSON.stringify(this.contents), { mode: 0o600 });
    try {
      linkSync(draft, this.file);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    } finally {
      rmSync(draft, { force: true });
    }
  }

  private save(changes: Partial<Contents>): void {
    this.contents = { ...this.contents, ...changes };
    writeFileSync(`${this.file}.new`, JSON.stringify(this.contents), { mode: 0o600 });
    renameSync(`${this.file}.new`, this.file);
  }
}

/** Names of the labs that are up, or were when something ended them. */
export function listLabs(): string[] {
  if (!existsSync(LABS_DIRECTORY)) return [];
  return readdirSync(LABS_DIRECTORY)
    .filter((name) => LabRecord.read(name))
    .sort();
}

function labDirectory(name: string): string {
  return join(LABS_DIRECTORY, name);
}
