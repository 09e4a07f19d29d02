/** From a test file to a policy test: whatever can be wrong is told before anything is tried. */
import { dirname, resolve } from 'node:path';
import { HOST_NAME, type NewEndpoint, type OutsideHost, readText } from '@skep/lab';
import type { SimulatedHost } from '@skep/lab';
import {
  documentKey,
  type DocumentProblem,
  formatFound,
  type LocatedDocument,
  parsePolicies,
  type PathStep,
  PolicyDocumentError,
} from '@skep/policy';
import { parseAddress } from '@skep/wire';
import { Addresses } from './addresses.ts';
import type { PolicyTest, PolicyText, TestProbe, TestStage } from './policy-test.ts';
import { type Place, ProbeProblem, resolveProbe } from './resolve-probe.ts';
import {
  parseTestFile,
  type WrittenEndpoint,
  type WrittenStep,
  type WrittenTest,
} from './test-file.ts';

/**
 * Reads a test file and the policies that it names.
 *
 * @throws PolicyDocumentError with a line for each problem of all of them; UnreadableFileError
 */
export function readPolicyTest(file: string): PolicyTest {
  const { written, document } = parseTestFile(readText(file), file);
  return new Reader(file, written, document).read();
}

/** Walks through the stages as a run does, with what is there at each. */
class Reader {
  private readonly problems: DocumentProblem[] = [];
  private readonly addresses = new Addresses();
  private readonly places = new Map<string, Place>();
  private readonly policyKeys = new Set<string>();

  constructor(
    private readonly file: string,
    private readonly written: WrittenTest,
    private readonly document: LocatedDocument,
  ) {}

  /** @throws PolicyDocumentError */
  read(): PolicyTest {
    const { metadata, spec } = this.written;
    this.claimAddresses();
    const outside = Object.entries(spec.outside).map(([name, value]) => this.host(name, value));
    const host = spec.node && this.node(spec.node.labels);
    const first: WrittenStep = {
      ...spec,
      name: '',
      apply: spec.policies,
      add: spec.endpoints,
      delete: [],
      relabel: {},
      remove: [],
    };
    const paths = { add: ['spec', 'endpoints'], apply: ['spec', 'policies'] };
    const stages = [
      this.stage(first, ['spec'], paths),
      ...spec.steps.map((step, index) => this.stage(step, ['spec', 'steps', index])),
    ];
    if (this.problems.length > 0) throw new PolicyDocumentError(this.problems);
    return { file: this.file, name: metadata.name, outside, ...(host && { host }), stages };
  }

  /** Given ones first, so that none of them is made up for another. */
  private claimAddresses(): void {
    const { outside, endpoints, steps } = this.written.spec;
    this.addresses.reserve(Object.values(outside).flat());
    for (const each of [...endpoints, ...steps.flatMap((step) => step.add)]) {
      this.addresses.reserve([each.ipv4, each.ipv6]);
    }
  }

  private host(name: string, value: string | readonly string[]): OutsideHost {
    const path = ['spec', 'outside', name];
    const addresses = [value].flat();
    const place: Place = { isEndpoint: false, namedPorts: [] };
    for (const [index, address] of addresses.entries()) {
      const at = typeof value === 'string' ? path : [...path, index];
      const key = `ipv${parseAddress(address).family}` as const;
      if (place[key] !== undefined) this.refuse(at, address, 'an address of the other family');
      this.take(at, address);
      place[key] = address;
    }
    this.places.set(name, place);
    return { name, addresses };
  }

  private node(labels: Readonly<Record<string, string>>): SimulatedHost {
    if (this.places.has(HOST_NAME)) {
      this.refuse(['spec', 'outside', HOST_NAME], HOST_NAME, 'another name: it is the node');
    }
    const { ipv4, ipv6 } = this.addresses.makeUp();
    this.places.set(HOST_NAME, { isEndpoint: false, isNode: true, namedPorts: [], ipv4, ipv6 });
    return { labels, addresses: [ipv4, ipv6] };
  }

  private stage(
    step: WrittenStep,
    path: readonly PathStep[],
    paths: { readonly add?: PathStep[]; readonly apply?: PathStep[] } = {},
  ): TestStage {
    for (const [index, name] of step.remove.entries()) {
      if (this.known([...path, 'remove', index], name, true)) this.leave(name);
    }
    const add = step.add.flatMap((endpoint, index) =>
      this.endpoint(endpoint, [...(paths.add ?? [...path, 'add']), index]),
    );
    for (const name of Object.keys(step.relabel)) {
      this.known([...path, 'relabel', name], name, true);
    }
    const apply = step.apply.flatMap((policy, index) =>
      this.policy(policy, [...(paths.apply ?? [...path, 'apply']), index]),
    );
    for (const [index, key] of step.delete.entries()) {
      if (this.policyKeys.delete(key)) continue;
      const expected = [...this.policyKeys].join(', ') || 'nothing: no policy is in force';
      this.refuse([...path, 'delete', index], key, expected);
    }
    const probes = step.probes.flatMap((_, index) => this.probe(step, index, path));
    const { name, remove, relabel, delete: deleted } = step;
    return { name, remove, add, relabel, apply, delete: deleted, probes };
  }

  private endpoint(written: WrittenEndpoint, path: readonly PathStep[]): NewEndpoint[] {
    const { name, namespace, labels, ports } = written;
    if (this.places.has(name)) {
      this.refuse([...path, 'name'], name, 'a name that is not taken');
      return [];
    }
    for (const key of ['ipv4', 'ipv6'] as const) {
      const address = written[key];
      if (address !== undefined) this.take([...path, key], address);
    }
    const isMadeUp = written.ipv4 === undefined && written.ipv6 === undefined;
    const own = isMadeUp ? this.addresses.makeUp() : written;
    const addresses = {
      ...(own.ipv4 === undefined ? {} : { ipv4: own.ipv4 }),
      ...(own.ipv6 === undefined ? {} : { ipv6: own.ipv6 }),
    };
    this.places.set(name, { isEndpoint: true, namedPorts: ports, ...addresses });
    const namespaceLabels = this.written.spec.namespaces[namespace] ?? {};
    return [{ name, namespace, labels, namespaceLabels, namedPorts: ports, ...addresses }];
  }

  /** Lines of YAML in place are those of the test file, where it is written as a block. */
  private policy(policy: string, path: readonly PathStep[]): PolicyText[] {
    const isInline = policy.includes('\n');
    const { line } = this.document.position(path);
    const read: PolicyText = isInline
      ? { file: this.file, text: '\n'.repeat(line) + policy }
      : { file: policy, text: readText(resolve(dirname(this.file), policy)) };
    try {
      const documents = parsePolicies(read.text, { file: read.file });
      for (const each of documents) this.policyKeys.add(documentKey(each));
      return [read];
    } catch (error) {
      if (!(error instanceof PolicyDocumentError)) throw error;
      this.problems.push(...error.problems);
      return [];
    }
  }

  private probe(step: WrittenStep, index: number, path: readonly PathStep[]): TestProbe[] {
    const at = [...path, 'probes', index];
    const probe = step.probes[index]!;
    const known = (['from', 'to'] as const).filter((key) =>
      this.known([...at, key], probe[key], false),
    );
    if (known.length < 2) return [];
    try {
      const from = this.places.get(probe.from)!;
      const to = this.places.get(probe.to)!;
      const resolved = resolveProbe(probe, from, to);
      return [{ ...resolved, path: at, position: this.document.position(at) }];
    } catch (error) {
      if (!(error instanceof ProbeProblem)) throw error;
      this.problems.push(this.document.problem([...at, ...error.path], error.message));
      return [];
    }
  }

  private known(path: readonly PathStep[], name: string, isEndpoint: boolean): boolean {
    const known = [...this.places].filter(([, place]) => place.isEndpoint || !isEndpoint);
    const names = known.map(([each]) => each);
    if (names.includes(name)) return true;
    this.refuse(path, name, `one of ${names.join(', ')}`);
    return false;
  }

  private take(path: readonly PathStep[], address: string): void {
    if (!this.addresses.take(address)) this.refuse(path, address, 'an address that is not taken');
  }

  private leave(name: string): void {
    const place = this.places.get(name);
    this.addresses.release([place?.ipv4, place?.ipv6]);
    this.places.delete(name);
  }

  private refuse(path: readonly PathStep[], found: string, expected: string): void {
    const detail = `found ${formatFound(found)}, expected ${expected}`;
    this.problems.push(this.document.problem(path, detail));
  }
}
