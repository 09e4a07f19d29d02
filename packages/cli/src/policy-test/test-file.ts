/** A file of unit tests that users write for their policies, as YAML has it. */
import {
  addressField,
  endpointNameField,
  labelsField,
  nameField,
  portField,
  readDocument,
} from '@skep/lab';
import { checkShape, isPortName, type LocatedDocument, namespaceField } from '@skep/policy';
import { z } from 'zod';

const portName = z
  .string({ error: 'the name of a port' })
  .refine(isPortName, { error: 'the name of a port' });
const port = z.strictObject({
  name: portName,
  protocol: z.enum(['TCP', 'UDP', 'SCTP'], { error: 'TCP, UDP or SCTP' }).default('TCP'),
  port: portField,
});

const endpoint = z.strictObject({
  name: endpointNameField,
  namespace: namespaceField.default('default'),
  labels: labelsField.default({}),
  /** Where neither is given, one of each family is made up. */
  ipv4: addressField(4).optional(),
  ipv6: addressField(6).optional(),
  ports: z.array(port).default([]),
});

const probe = z.strictObject({
  from: nameField,
  to: nameField,
  /** A number, or the name of a port of `to`. */
  port: z.union([portField, portName], { error: 'a port from 1 to 65535 or its name' }).optional(),
  protocol: z
    .enum(['TCP', 'UDP', 'SCTP'], { error: 'TCP, UDP or SCTP (for ICMP, icmp: EchoRequest)' })
    .optional(),
  /** A message instead: the type by its number, or by the name that policies have for it. */
  icmp: z
    .union([z.int().min(0).max(255), z.string()], { error: 'the name or number of an ICMP type' })
    .optional(),
  /** Over this family only; where absent, over each that both ends have. */
  family: z.enum(['IPv4', 'IPv6'], { error: 'IPv4 or IPv6' }).optional(),
  expect: z.enum(['allow', 'deny'], { error: 'allow or deny' }),
});

const policies = z.array(z.string({ error: 'a path, or YAML as a text (|)' })).default([]);

const step = z.strictObject({
  name: z.string({ error: 'a text' }).min(1, { error: 'a text that is not empty' }),
  /** Policies as in the file's own `policies`. */
  apply: policies,
  /** Keys: kind/namespace/name. */
  delete: z.array(z.string()).default([]),
  /** New labels of endpoints, by name. */
  relabel: z.record(nameField, labelsField).default({}),
  /** Endpoints that come, and names of those that go. */
  add: z.array(endpoint).default([]),
  remove: z.array(nameField).default([]),
  probes: z.array(probe).default([]),
});

const testFile = z.strictObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.strictObject({ name: z.string({ error: 'a text' }).min(1) }),
  spec: z.strictObject({
    /** Labels of namespaces. */
    namespaces: z.record(namespaceField, labelsField).default({}),
    endpoints: z.array(endpoint).min(1, { error: 'at least one endpoint' }),
    /** What is not in the cluster: names for addresses, at most one of each family. */
    outside: z
      .record(nameField, z.union([addressField(), z.array(addressField()).min(1)]))
      .default({}),
    /** The node itself, which probes call `host`: its labels. */
    node: z.strictObject({ labels: labelsField.default({}) }).optional(),
    /** Paths relative to this file, or YAML in place (whatever has a line break). */
    policies,
    probes: z.array(probe).default([]),
    steps: z.array(step).default([]),
  }),
});

/** What a test file says, with defaults; whether it makes sense is seen by `readPolicyTest`. */
export type WrittenTest = z.infer<typeof testFile>;
/** An endpoint of a test. */
export type WrittenEndpoint = z.infer<typeof endpoint>;
/** The first packet of a flow, and the verdict that is expected of it. */
export type WrittenProbe = z.infer<typeof probe>;
/** A change, and the probes that are made after it. */
export type WrittenStep = z.infer<typeof step>;

/**
 * The shape of a test file, and the document that knows its lines.
 *
 * @throws PolicyDocumentError with a line for each problem, naming its path in the document
 */
export function parseTestFile(
  text: string,
  file: string,
): { readonly written: WrittenTest; readonly document: LocatedDocument } {
  const document = readDocument(text, file, 'PolicyTest');
  return { written: checkShape(testFile, document, {}), document };
}
