/** What a lab is made of, as its YAML file says it. */
import { AddressError, parseAddress } from '@skep/wire';
import { parseDocument } from 'yaml';
import { z } from 'zod';

const NAME = /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/;
const name = z.string().regex(NAME, 'expected lower-case letters, digits and hyphens, at most 32');
/** The lab's node has a namespace of this name beside those of the endpoints. */
const NODE = 'node';
const labels = z.record(z.string(), z.string());

function address(family: 4 | 6): z.ZodType<string> {
  return z.string().refine((text) => {
    try {
      return parseAddress(text).family === family;
    } catch (error) {
      if (error instanceof AddressError) return false;
      throw error;
    }
  }, `expected an IPv${family} address`);
}

const server = z
  .strictObject({
    name,
    protocol: z.enum(['TCP', 'UDP']),
    port: z.int().min(1).max(65535),
    /** What answers there: HTTP, or an echo. */
    kind: z.enum(['http', 'tcp', 'udp']),
  })
  .refine((found) => (found.kind === 'udp') === (found.protocol === 'UDP'), {
    error: 'kind udp goes with protocol UDP, http and tcp with TCP',
  });

const endpoint = z
  .strictObject({
    name,
    namespace: name.default('default'),
    labels: labels.default({}),
    ipv4: address(4).optional(),
    ipv6: address(6).optional(),
    serves: z.array(server).default([]),
  })
  .refine((found) => found.ipv4 !== undefined || found.ipv6 !== undefined, {
    error: 'expected ipv4, ipv6 or both',
  });

const probe = z.strictObject({
  from: name,
  to: name,
  /** The name of something that `to` serves. */
  port: name,
  expect: z.enum(['allowed', 'dropped']),
});

const labFile = z.strictObject({
  apiVersion: z.literal('skep.dev/v1'),
  kind: z.literal('Lab'),
  metadata: z.strictObject({ name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,15}$/) }),
  spec: z.strictObject({
    namespaces: z.record(name, labels).default({}),
    endpoints: z.array(endpoint).min(1),
    policies: z.array(z.string()).default([]),
    probes: z.array(probe).default([]),
  }),
});

/** Something that an endpoint serves; its name is what probes call the port by. */
export type LabServer = z.infer<typeof server>;
/** An endpoint: one network namespace with its addresses, labels and servers. */
export type LabEndpoint = z.infer<typeof endpoint>;
/** One question to the lab, and the answer that its author expects. */
export type LabProbe = z.infer<typeof probe>;
/** What became of a probe: `allowed` or `dropped`. */
export type LabVerdict = LabProbe['expect'];
/** A whole lab; names in it are checked, and every probe names things that exist. */
export type LabSpec = z.infer<typeof labFile>['spec'] & { readonly name: string };

/** A lab file that says something that cannot be. */
export class LabFileError extends Error {
  readonly code = 'ERR_LAB_FILE';
  constructor(
    readonly file: string,
    readonly problems: readonly string[],
  ) {
    super(problems.map((problem) => `${file}: ${problem}`).join('\n'));
  }
}

/**
 * Reads a lab.
 *
 * @param file names the text in messages
 * @throws LabFileError with one line for each problem, naming its path in the document
 */
export function parseLab(text: string, file: string): LabSpec {
  const document = parseDocument(text);
  if (document.errors.length > 0) {
    throw new LabFileError(
      file,
      document.errors.map((error) => error.message),
    );
  }
  const result = labFile.safeParse(document.toJS());
  if (!result.success) {
    const problems = result.error.issues.map((issue) => {
      return `${issue.path.join('.') || 'document'}: ${issue.message}`;
    });
    throw new LabFileError(file, problems);
  }
  const lab = { name: result.data.metadata.name, ...result.data.spec };
  const problems = contradictions(lab);
  if (problems.length > 0) throw new LabFileError(file, problems);
  return lab;
}

/** What no schema sees: names that do not exist, addresses and names given twice. */
function contradictions(lab: LabSpec): string[] {
  const problems: string[] = [];
  const endpoints = new Map(lab.endpoints.map((each) => [each.name, each]));
  const taken = new Set<string>();
  for (const each of lab.endpoints) {
    if (each.name === NODE) problems.push(`spec.endpoints: '${NODE}' is the node's own name`);
    for (const value of [each.name, each.ipv4, each.ipv6]) {
      if (value === undefined) continue;
      if (taken.has(value)) problems.push(`spec.endpoints: ${value} is given twice`);
      taken.add(value);
    }
  }
  for (const [index, each] of lab.probes.entries()) {
    const path = `spec.probes.${index}`;
    if (!endpoints.has(each.from)) problems.push(`${path}.from: no endpoint '${each.from}'`);
    const target = endpoints.get(each.to);
    if (!target) problems.push(`${path}.to: no endpoint '${each.to}'`);
    else if (!target.serves.some((found) => found.name === each.port)) {
      const served = target.serves.map((found) => found.name).join(', ') || 'nothing';
      problems.push(`${path}.port: '${each.port}', but ${each.to} serves ${served}`);
    }
  }
  return problems;
}
