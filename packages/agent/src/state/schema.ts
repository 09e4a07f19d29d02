/** What the agent remembers across restarts, as it is checked when it is read. */
import { z } from 'zod';
import { StateError } from './state-error.ts';

const namedPort = z.strictObject({
  name: z.string(),
  protocol: z.enum(['TCP', 'UDP', 'SCTP']),
  port: z.int().min(1).max(65535),
});

const endpoint = z.strictObject({
  id: z.int().min(1),
  /** One that is not ready was being made or taken away when the agent ended. */
  state: z.enum(['creating', 'ready', 'removing']),
  name: z.string(),
  namespace: z.string(),
  /** Absent while they are not known. */
  labels: z.record(z.string(), z.string()).optional(),
  /** Labels that it gets with those of its container, while these are not known. */
  networkLabels: z.record(z.string(), z.string()).optional(),
  namespaceLabels: z.record(z.string(), z.string()).optional(),
  ipv4: z.string().optional(),
  ipv6: z.string().optional(),
  networkNamespace: z.string(),
  interfaceName: z.string().optional(),
  mac: z.string().optional(),
  mtuBytes: z.int().optional(),
  /** What it is connected by; a veth where absent. */
  deviceKind: z.enum(['veth', 'netkit']).optional(),
  namedPorts: z.array(namedPort).optional(),
  attachment: z
    .strictObject({
      network: z.string(),
      containerId: z.string(),
      podUid: z.string().optional(),
    })
    .optional(),
  /** Numbers that its labels have in the tables; none before it is ready. */
  identity: z.int().optional(),
  subject: z.int().optional(),
});

/** An address of a pool that an endpoint had. */
const released = z.strictObject({
  /** Milliseconds since 1970. */
  at: z.int(),
});

const policy = z.strictObject({
  file: z.string(),
  text: z.string(),
  keys: z.array(z.string()),
});

/** Those of the node, by which policies select it. */
const labels = z.record(z.string(), z.string());

/** A change of policy that waits to be confirmed. */
const pending = z.strictObject({
  /** Milliseconds since 1970. */
  deadline: z.int(),
  withinSeconds: z.int().min(1),
  /** Documents that were added, replaced or deleted, */
  keys: z.array(z.string()),
  /** and what was in force under these keys before. */
  before: z.array(policy),
  /** Those of the node before, where they were changed. */
  formerLabels: labels.optional(),
});

/** Values of `conf/LINK/forwarding` by link, as they were. */
const forwarding = z.record(z.string(), z.string());

/** The host's settings before the agent turned forwarding on. */
export const forwardingBefore = z.strictObject({
  4: forwarding,
  6: forwarding,
  acceptRedirects: z.string().optional(),
});

const node = z.strictObject({
  /** Revisions below this may have been given already. */
  revisionsReserved: z.int().min(0),
  /** Which half of groups and selector sets the tables were last written with. */
  generation: z.union([z.literal(0), z.literal(1)]),
  /** Ids and identities are given in a circle, so that one is not used again at once. */
  lastEndpointId: z.int().min(0),
  lastIdentity: z.int().min(0),
  /** Whether what the machine was before has a file of its own: originals.ts. */
  hasOriginals: z.boolean().optional(),
  /** Older builds have here what is in that file now: none of it is written. */
  mountedBpffs: z.string().optional(),
  forwardingBefore: forwardingBefore.optional(),
  masquerade: z.strictObject({ reservedPortsBefore: z.string() }).optional(),
  /** Interfaces to others that have programs. */
  uplinks: z.array(z.strictObject({ index: z.int(), name: z.string() })).optional(),
  /** Whether these decide about the node itself. */
  isHostGuarded: z.boolean().optional(),
  /** Those in force. */
  labels: labels.optional(),
});

/** What is remembered of the node as a whole. */
export type StoredNode = z.infer<typeof node>;
/** An endpoint as it was asked for, with what it was given. */
export type StoredEndpoint = z.infer<typeof endpoint>;
/** A policy text as it was applied, and the keys of those of its documents that are in force. */
export type StoredPolicy = z.infer<typeof policy>;
/** Labels of the node. */
export type StoredLabels = z.infer<typeof labels>;
/** A change that goes back unless it is confirmed. */
export type StoredPending = z.infer<typeof pending>;

/** The kinds of keys: `node`, `endpoint/ID`, `policy/NUMBER`, `pending`, `released/ADDRESS`. */
const SCHEMAS = { node, endpoint, policy, pending, released } as const;

/** One entry of the journal, by its kind. */
export type StoredEntry =
  | { readonly kind: 'node'; readonly value: StoredNode }
  | { readonly kind: 'endpoint'; readonly number: number; readonly value: StoredEndpoint }
  | { readonly kind: 'policy'; readonly number: number; readonly value: StoredPolicy }
  | { readonly kind: 'pending'; readonly value: StoredPending }
  | { readonly kind: 'released'; readonly name: string; readonly value: { readonly at: number } };

/** Checks an entry of the journal. @throws StateError which names the key and the place in it */
export function parseEntry(path: string, key: string, value: unknown): StoredEntry {
  const [kind, name = ''] = key.split('/') as [keyof typeof SCHEMAS, string | undefined];
  const schema = SCHEMAS[kind];
  if (!schema) {
    const expected = 'node, endpoint/…, policy/…, pending or released/…';
    throw new StateError(path, `key '${key}', expected ${expected}`);
  }
  const result = schema.safeParse(value);
  if (result.success) {
    return { kind, name, number: Number(name), value: result.data } as unknown as StoredEntry;
  }
  const [issue] = result.error.issues;
  throw new StateError(path, `${[key, ...(issue?.path ?? [])].join('.')}: ${issue?.message}`);
}
