/**
 * What the agent remembers across restarts: one JSON file, replaced as a whole. A crash leaves the
 * old one or the new one, never half of one.
 */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const FILE = 'state.json';
/** Another layout of the file is another version. */
const VERSION = 1;

const namedPort = z.strictObject({
  name: z.string(),
  protocol: z.enum(['TCP', 'UDP', 'SCTP']),
  port: z.int().min(1).max(65535),
});

const endpoint = z.strictObject({
  id: z.int().min(1),
  name: z.string(),
  namespace: z.string(),
  labels: z.record(z.string(), z.string()),
  namespaceLabels: z.record(z.string(), z.string()).optional(),
  ipv4: z.string().optional(),
  ipv6: z.string().optional(),
  networkNamespace: z.string(),
  interfaceName: z.string().optional(),
  namedPorts: z.array(namedPort).optional(),
});

const state = z.strictObject({
  version: z.literal(VERSION),
  /** Revisions below this may have been given already. */
  revisionsReserved: z.int().min(0),
  /** Which half of groups and selector sets the tables were last written with. */
  generation: z.union([z.literal(0), z.literal(1)]),
  endpoints: z.array(endpoint),
  /** Ids are given in a circle, so that one is not used again at once. */
  lastEndpointId: z.int().min(0),
  /** Mount point of the BPF file system that the agent has mounted, if it has. */
  mountedBpffs: z.string().optional(),
  /** Numbers by the text of labels, and of subjects. */
  identities: z.record(z.string(), z.int()),
  subjects: z.record(z.string(), z.int()),
  /** Policy texts as they were applied, with the keys of the documents that are still in force. */
  policies: z.array(
    z.strictObject({ file: z.string(), text: z.string(), keys: z.array(z.string()) }),
  ),
});

/** The state file as it is checked when read. */
export type StoredState = z.infer<typeof state>;
/** An endpoint as it was asked for, with the id that it was given. */
export type StoredEndpoint = StoredState['endpoints'][number];
/** A policy text, and the keys of those of its documents that are still in force. */
export type StoredPolicy = StoredState['policies'][number];

/** The state file says something that this build does not understand. It is left as it is. */
export class StateError extends Error {
  readonly code = 'ERR_STATE';
  constructor(path: string, cause: string) {
    super(`read state ${path}: ${cause} (move the file away to start with nothing)`);
  }
}

const EMPTY: StoredState = {
  version: VERSION,
  revisionsReserved: 0,
  generation: 0,
  lastEndpointId: 0,
  endpoints: [],
  identities: {},
  subjects: {},
  policies: [],
};

/** The state file in its directory, which is made with access for its owner alone. */
export class Store {
  private readonly path: string;

  constructor(directory: string) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.path = join(directory, FILE);
  }

  /** What was saved last; nothing where there is no file. @throws StateError */
  load(): StoredState {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return EMPTY;
      throw error;
    }
    const result = state.safeParse(parseJson(text, this.path));
    if (result.success) return result.data;
    const issue = result.error.issues[0];
    throw new StateError(this.path, `${issue?.path.join('.')}: ${issue?.message}`);
  }

  /** On disk when this returns. */
  save(value: StoredState): void {
    const temporary = `${this.path}.new`;
    const file = openSync(temporary, 'w', 0o600);
    try {
      writeSync(file, JSON.stringify(value));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, this.path);
  }

  /** As if nothing had ever been saved. */
  remove(): void {
    rmSync(this.path, { force: true });
  }
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new StateError(path, (error as Error).message);
  }
}
