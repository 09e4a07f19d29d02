/**
 * What a lab has made on the machine, written down before it is made: whoever finds the file can
 * take it all away again, also after a crash.
 */
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
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
import { z } from 'zod';
import { readText, UnreadableFileError } from './read-text.ts';

/** Where labs keep what they need while they run. */
export const LABS_DIRECTORY = '/run/skep/labs';

/** How long an owner has for taking its lab away. */
const ROUNDS_MAX = 100;
const ROUND_MILLISECONDS = 100;

const identity = z.object({
  pid: z.int().min(1).max(0x7fff_ffff),
  startTicks: z.string(),
  bootId: z.string(),
});

const written = z.object({
  /** Who brought it up. */
  owner: identity,
  namespaces: z.array(z.string()),
  processes: z.array(identity),
  /** Whether its owner has been told to take it away, and does. */
  isEnding: z.boolean().default(false),
});

/** Without an owner where nobody can tell. */
type Contents = Readonly<Omit<z.infer<typeof written>, 'owner'>> & {
  readonly owner?: ProcessIdentity;
};

/**
 * The record of one lab: `lab.json` in a folder that also holds its agent's state, pins and socket.
 * Every change reaches the disk before the thing that it speaks of is made.
 */
export class LabRecord {
  private readonly file: string;

  private constructor(
    readonly directory: string,
    private contents: Contents,
    /** Why it cannot be read: then it has what is called like parts of the lab. */
    readonly damage?: string,
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
    const record = new LabRecord(directory, {
      owner,
      namespaces: [],
      processes: [],
      isEnding: false,
    });
    return record.claim() ? record : undefined;
  }

  /**
   * The record that a lab has left; `undefined` where there is none.
   *
   * @throws UnreadableFileError where this user may not look
   */
  static read(name: string): LabRecord | undefined {
    if (!labFolders().includes(name)) return undefined;
    const directory = labDirectory(name);
    const file = join(directory, 'lab.json');
    if (!existsSync(file)) return undefined;
    const found = readContents(file);
    if (typeof found !== 'string') return new LabRecord(directory, found);
    const contents = { namespaces: namespacesCalled(name), processes: [], isEnding: false };
    return new LabRecord(directory, contents, `${file}: ${found}`);
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
    const { owner } = this.contents;
    return owner !== undefined && isProcessAlive(owner);
  }

  /** Whether its owner, if it still runs, takes it away without being asked. */
  get isEnding(): boolean {
    return this.contents.isEnding;
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
    if (this.isOwned) process.kill(this.contents.owner!.pid, 'SIGINT');
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

/**
 * Names of the labs that are up, or were when something ended them.
 *
 * @throws UnreadableFileError where this user may not look
 */
export function listLabs(): string[] {
  return labFolders()
    .filter((name) => existsSync(join(labDirectory(name), 'lab.json')))
    .sort();
}

/** What a lab calls the namespace of one of its own. */
export function labNamespace(lab: string, suffix: string): string {
  return `skep-${lab}-${suffix}`;
}

function labFolders(): string[] {
  try {
    return readdirSync(LABS_DIRECTORY);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new UnreadableFileError(LABS_DIRECTORY, error as NodeJS.ErrnoException);
  }
}

function labDirectory(name: string): string {
  return join(LABS_DIRECTORY, name);
}

/** Or what is wrong with it. */
function readContents(file: string): Contents | string {
  let json: unknown;
  try {
    json = JSON.parse(readText(file));
  } catch (error) {
    return error instanceof SyntaxError ? 'not JSON' : String(error);
  }
  const { data, error } = written.safeParse(json);
  if (data) return data;
  const path = error.issues[0]?.path.join('.');
  return `${path ? `'${path}'` : 'it'} is not as labs write it`;
}

/** The namespaces that have a lab's name, but for those of a lab whose name begins like it. */
function namespacesCalled(name: string): string[] {
  const longer = labFolders().filter((each) => each.startsWith(`${name}-`));
  return listNamespaces().filter(
    (each) =>
      each.startsWith(labNamespace(name, '')) &&
      !longer.some((other) => each.startsWith(labNamespace(other, ''))),
  );
}
