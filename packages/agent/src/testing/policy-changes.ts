/** Policies of a node that are changed, without a kernel and with a clock of the test's own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { MachineTables } from '@skep/datapath';
import type { PolicyDocument } from '@skep/policy';
import { Problems } from '../health/problems.ts';
import { NodeModel } from '../model/node-model.ts';
import type { NodeModelOptions } from '../model/node-model-options.ts';
import { type Clock, LocalPolicies } from '../policies/local-policies.ts';
import { takeLabels } from '../policies/node-labels.ts';
import { Memory } from '../state/memory.ts';
import { Revisions } from '../state/revisions.ts';
import type { StoredLabels } from '../state/schema.ts';
import { parseStored } from '../state/stored.ts';
import { DatapathTables } from '../tables/datapath-tables.ts';
import type { Occurrence, Tell } from '../telemetry/occurrence.ts';

const NODE = { jiffiesPerSecond: 250, hasRedirectPeer: 1, reportsForwarded: 1 } as const;

/** Time that passes when the test says so. */
export class FakeClock implements Clock {
  time = 1_000_000;
  private tasks: { at: number; task: () => void }[] = [];

  now(): number {
    return this.time;
  }

  after(milliseconds: number, task: () => void): () => void {
    const entry = { at: this.time + milliseconds, task };
    this.tasks.push(entry);
    return () => {
      this.tasks = this.tasks.filter((each) => each !== entry);
    };
  }

  pass(seconds: number): void {
    this.time += seconds * 1000;
    for (const entry of this.tasks.filter(({ at }) => at <= this.time)) {
      this.tasks = this.tasks.filter((each) => each !== entry);
      entry.task();
    }
  }
}

/** Where an agent keeps its state, what it is started with, and the room of its tables. */
interface BeginOptions extends Pick<NodeModelOptions, 'room'> {
  readonly directory?: string;
  readonly givenLabels?: StoredLabels;
}

/** An agent's policies, in tables of the machine. */
export function begin(
  t: TestContext,
  clock: Clock,
  { directory = mkdtempSync(join(tmpdir(), 'skep-policies-')), ...options }: BeginOptions = {},
) {
  const { givenLabels = {}, room } = options;
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const memory = new Memory(directory);
  const told: Occurrence[] = [];
  const tell: Tell = (occurrence) => told.push(occurrence);
  const revisions = new Revisions(0, () => {});
  const tables = new DatapathTables(new MachineTables(NODE));
  const model = new NodeModel(tables, {
    nextRevision: () => revisions.take(),
    nodeLabels: takeLabels(memory, givenLabels),
    ...(room && { room }),
  });
  model.fill({
    documents: memory.policies.flatMap(parseStored),
    nodeAddresses: [],
    endpoints: [],
  });
  const guarded: string[] = [];
  const guard = {
    prepare: (documents: readonly PolicyDocument[]) => {
      guarded.push(`before ${documents.map(({ name }) => name).join(' ')}`);
    },
    settle: () => guarded.push('settled'),
  };
  const problems = new Problems(tell);
  const parts = { memory, model, givenLabels, problems, revisions, tell };
  const policies = new LocalPolicies(parts, guard, clock);
  const inForce = () =>
    model.policy.documents().map(({ name, position }) => `${name} ${position.file}`);
  const stored = () => memory.policies.flatMap(parseStored).map(({ name }) => name);
  return { policies, memory, model, inForce, stored, problems, guarded, directory, told };
}

/** One that is about an endpoint, or about the node. */
export function policy(name: string, selector = 'endpointSelector: {}'): string {
  return `apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: { name: ${name} }
spec: { ${selector}, ingress: [{}] }
---
`;
}

/** What makes a policy one about the node. */
export const ABOUT_NODE = 'nodeSelector: {}';
/** Of a policy of {@link policy}. */
export const keyOf = (name: string) => `CiliumClusterwideNetworkPolicy//${name}`;
