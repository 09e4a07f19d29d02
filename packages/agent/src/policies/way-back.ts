/**
 * Whether what waits to be confirmed can still go back after a change by others: tried with tables
 * that keep nothing, as it would go back then.
 */
import { documentKey, type PolicyDocument } from '@skep/policy';
import { HOST } from '../model/endpoint-facts.ts';
import { NodeModel } from '../model/node-model.ts';
import type { StoredLabels, StoredPending } from '../state/schema.ts';
import { parseStored } from '../state/stored.ts';
import { DatapathTables } from '../tables/datapath-tables.ts';
import type { RawTables } from '../tables/raw-tables.ts';
import { nodeSubject } from './node-labels.ts';

const NOWHERE: RawTables = {
  update: () => {},
  lookup: () => undefined,
  delete: () => {},
  entries: () => [],
  setPolicy: () => {},
};

/** What is to be in force before it goes back. */
export interface ChangeBefore {
  /** Beside those that are in force, or in their place. */
  readonly documents: readonly PolicyDocument[];
  readonly labels: StoredLabels;
}

/** @throws PolicyRefusedError, TableFullError where it cannot go back, or not even be made */
export function tryWayBack(
  model: NodeModel,
  { keys, before, formerLabels }: StoredPending,
  { documents, labels }: ChangeBefore,
): void {
  const { inherited: _, ...options } = model.options;
  let revision = 0;
  const nextRevision = (): number => ++revision;
  const tables = new DatapathTables(NOWHERE);
  const trial = new NodeModel(tables, { ...options, nextRevision, nodeLabels: labels });
  const replaced = new Set(documents.map(documentKey));
  const kept = model.policy.documents().filter((each) => !replaced.has(documentKey(each)));
  trial.fill({
    documents: [...kept, ...documents],
    nodeAddresses: model.policy.peer(HOST)?.prefixes ?? [],
    endpoints: model.list(),
  });
  const node = formerLabels ? nodeSubject(formerLabels) : trial.node;
  trial.changeDocuments(before.flatMap(parseStored), keys, () => {}, node);
}
