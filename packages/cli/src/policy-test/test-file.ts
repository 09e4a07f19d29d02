/** A file of unit tests that users write for their policies. */
import { parseDocument } from 'yaml';
import { z } from 'zod';

const labels = z.record(z.string(), z.string());
const port = z.strictObject({
  name: z.string(),
  protocol: z.enum(['TCP', 'UDP', 'SCTP']).default('TCP'),
  port: z.int().min(1).max(65535),
});

const endpoint = z.strictObject({
  name: z.string(),
  namespace: z.string().default('default'),
  labels: labels.default({}),
  /** Made up where absent. */
  ipv4: z.string().optional(),
  ports: z.array(port).default([]),
});

const probe = z.strictObject({
  from: z.string(),
  to: z.string(),
  /** A number, or the name of a port of `to`. */
  port: z.union([z.int().min(0).max(65535), z.string()]).default(0),
  protocol: z.enum(['TCP', 'UDP', 'SCTP', 'ICMP']).default('TCP'),
  expect: z.enum(['allow', 'deny']),
});

const step = z.strictObject({
  name: z.string(),
  /** Policies as in the file's own `policies`. */
  apply: z.array(z.string()).default([]),
  /** Keys: kind/namespace/name. */
  delete: z.array(z.string()).default([]),
  /** New labels of endpoints, by name. */
  relabel: z.record(z.string(), labels).default({}),
  probes: z.array(probe).default([]),
});

const testFile = z.strictObject({
  apiVersion: z.literal('skep.dev/v1'),
  kind: z.literal('PolicyTest'),
  metadata: z.strictObject({ name: z.string() }),
  spec: z.strictObject({
    namespaces: z.record(z.string(), labels).default({}),
    endpoints: z.array(endpoint).min(1),
    /** What is not in the cluster: names for addresses. */
    outside: z.record(z.string(), z.string()).default({}),
    /** Paths relative to this file, or YAML in place (whatever has a line break). */
    policies: z.array(z.string()).default([]),
    probes: z.array(probe).default([]),
    steps: z.array(step).default([]),
  }),
});

/** One test file: endpoints, policies, probes, and steps that change something. */
export type PolicyTest = z.infer<typeof testFile>['spec'] & { readonly name: string };
/** An endpoint of a test: it has labels and named ports, and no device. */
export type TestEndpoint = z.infer<typeof endpoint>;
/** The first packet of a flow, and the verdict that is expected of it. */
export type TestProbe = z.infer<typeof probe>;
/** A change, and the probes that are made after it. */
export type TestStep = z.infer<typeof step>;

/** A test file that says something that cannot be. */
export class PolicyTestError extends Error {
  readonly code = 'ERR_POLICY_TEST';
}

/**
 * Reads a test file.
 *
 * @throws PolicyTestError with a line for each problem, naming its path in the document
 */
export function parsePolicyTest(text: string, file: string): PolicyTest {
  const document = parseDocument(text);
  if (document.errors.length > 0) {
    throw new PolicyTestError(`${file}: ${document.errors[0]!.message}`);
  }
  const result = testFile.safeParse(document.toJS());
  if (!result.success) {
    const { issues } = result.error;
    // Of a document of another kind, everything else is wrong too.
    const kind = issues.filter(({ path }) => path[0] === 'kind' || path[0] === 'apiVersion');
    const problems = (kind.length > 0 ? kind : issues).map(
      (issue) => `${file}: ${issue.path.join('.') || 'document'}: ${issue.message}`,
    );
    throw new PolicyTestError(problems.join('\n'));
  }
  return { name: result.data.metadata.name, ...result.data.spec };
}
