/** What a lab is made of, as its YAML file says it. */
import {
  checkShape,
  type DocumentProblem,
  formatFound,
  type LocatedDocument,
  PolicyDocumentError,
  namespaceField,
} from '@skep/policy';
import { readDocument } from './document.ts';
import { z } from 'zod';
import {
  addressField,
  endpointNameField,
  labelsField,
  nameField as name,
  portField,
} from './fields.ts';
import type { NewEndpoint } from './lab-api.ts';

const server = z
  .strictObject({
    name,
    protocol: z.enum(['TCP', 'UDP'], { error: 'TCP or UDP' }),
    port: portField,
    /** What answers there: HTTP, or an echo. */
    kind: z.enum(['http', 'tcp', 'udp'], { error: 'http, tcp or udp' }),
  })
  .refine((found) => (found.kind === 'udp') === (found.protocol === 'UDP'), {
    error: 'kind udp with protocol UDP, http or tcp with TCP',
  });

const endpoint = z
  .strictObject({
    name: endpointNameField,
    namespace: namespaceField.default('default'),
    labels: labelsField.default({}),
    ipv4: addressField(4).optional(),
    ipv6: addressField(6).optional(),
    serves: z.array(server).default([]),
  })
  .refine((found) => found.ipv4 !== undefined || found.ipv6 !== undefined, {
    error: 'ipv4, ipv6 or both in it',
  });

const probe = z
  .strictObject({
    from: name,
    to: name,
    /** The name of something that `to` serves. */
    port: name.optional(),
    /** A message instead, by the name that policies call its type by: the kernel answers it. */
    icmp: z.literal('EchoRequest', { error: 'EchoRequest' }).optional(),
    expect: z.enum(['allowed', 'dropped'], { error: 'allowed or dropped' }),
  })
  .refine((found) => (found.port === undefined) !== (found.icmp === undefined), {
    error: 'either port or icmp in it',
  });

const labName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,15}$/, {
  error: 'lower-case letters, digits and hyphens, at most 16',
});

const labFile = z.strictObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.strictObject({ name: labName }),
  spec: z.strictObject({
    namespaces: z.record(namespaceField, labelsField).default({}),
    endpoints: z.array(endpoint).min(1, { error: 'at least one endpoint' }),
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
/** A whole lab; names in it are checked, and every probe names things that exist. */
export type LabSpec = z.infer<typeof labFile>['spec'] & { readonly name: string };

/**
 * Reads a lab.
 *
 * @param file names the text in messages
 * @throws PolicyDocumentError with one line for each problem, naming its line and path
 */
export function parseLab(text: string, file: string): LabSpec {
  const document = readDocument(text, file, 'Lab');
  const { metadata, spec } = checkShape(labFile, document, {});
  const problems = contradictions(spec, document);
  if (problems.length > 0) throw new PolicyDocumentError(problems);
  return { name: metadata.name, ...spec };
}

/** An endpoint as the agent is asked for it. */
export function endpointOf(
  lab: Pick<LabSpec, 'namespaces'>,
  { serves, ...endpoint }: LabEndpoint,
): NewEndpoint {
  return {
    ...(endpoint as Omit<NewEndpoint, 'namedPorts'>),
    namespaceLabels: lab.namespaces[endpoint.namespace] ?? {},
    namedPorts: serves.map(({ name: port, protocol, port: number }) => {
      return { name: port, protocol, port: number };
    }),
  };
}

/** What no schema sees: names that do not exist, and what is given twice. */
function contradictions(lab: Omit<LabSpec, 'name'>, document: LocatedDocument) {
  const problem: Problem = (path, detail) => document.problem(['spec', ...path], detail);
  return [...endpointProblems(lab, problem), ...probeProblems(lab, problem)];
}

type Problem = (path: readonly (string | number)[], detail: string) => DocumentProblem;

function endpointProblems(lab: Omit<LabSpec, 'name'>, problem: Problem): DocumentProblem[] {
  const problems = [];
  const taken = new Set<string>();
  for (const [index, each] of lab.endpoints.entries()) {
    for (const key of ['name', 'ipv4', 'ipv6'] as const) {
      const value = each[key];
      if (value === undefined) continue;
      if (taken.has(value)) problems.push(problem(['endpoints', index, key], `${value} is taken`));
      taken.add(value);
    }
    for (const [at, { name, protocol, port }] of each.serves.entries()) {
      const path = ['endpoints', index, 'serves', at];
      const before = each.serves.slice(0, at);
      const other = before.find((found) => found.protocol === protocol && found.port === port);
      if (before.some((found) => found.name === name)) {
        problems.push(problem([...path, 'name'], `${name} is taken`));
      }
      if (other) {
        const detail = `${port} of ${protocol} is taken by ${other.name}`;
        problems.push(problem([...path, 'port'], detail));
      }
    }
  }
  return problems;
}

function probeProblems(lab: Omit<LabSpec, 'name'>, problem: Problem): DocumentProblem[] {
  const problems = [];
  const endpoints = new Map(lab.endpoints.map((each) => [each.name, each]));
  const names = [...endpoints.keys()].join(', ');
  for (const [index, each] of lab.probes.entries()) {
    for (const key of ['from', 'to'] as const) {
      if (endpoints.has(each[key])) continue;
      const detail = `found ${formatFound(each[key])}, expected one of ${names}`;
      problems.push(problem(['probes', index, key], detail));
    }
    if (each.from === each.to) {
      problems.push(problem(['probes', index, 'to'], 'found its own name, expected another end'));
    }
    const served = endpoints.get(each.to)?.serves.map((found) => found.name) ?? [];
    if (each.port === undefined || !endpoints.has(each.to) || served.includes(each.port)) continue;
    const ports = served.length === 0 ? 'icmp: it serves nothing' : `one of ${served.join(', ')}`;
    const detail = `found ${formatFound(each.port)}, expected ${ports}`;
    problems.push(problem(['probes', index, 'port'], detail));
  }
  return problems;
}
