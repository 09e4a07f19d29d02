/**
 * By which labels policies select the node. An agent may be started with others than the one
 * before; where they would let other rules be about the node, they could cut somebody off, or open
 * what is closed, so that they come into force as a change of policy does. See
 * docs/decisions/0023.
 */
import { documentKey, nodeLabels, type PolicyDocument, type Subject } from '@skep/policy';
import { selectsDifferently } from '../model/policy-subjects.ts';
import type { Memory } from '../state/memory.ts';
import type { StoredLabels } from '../state/schema.ts';
import { parseStored } from '../state/stored.ts';

/** The node as a subject. */
export function nodeSubject(labels: StoredLabels): Subject {
  return { labels: nodeLabels(labels) };
}

/**
 * At a start: the labels that are in force from then on. Those that it is started with are, where
 * nobody can tell the difference.
 */
export function takeLabels(memory: Memory, given: StoredLabels): StoredLabels {
  const { labels: former } = memory.current;
  if (former && isSame(former, given)) return former;
  if (former && (memory.pending?.formerLabels || keysApart(memory, former, given).length > 0)) {
    return former;
  }
  memory.changeNode({ labels: given });
  return given;
}

/** Keys of policies, in force or about to be again, that are about a node of one labels only. */
export function keysApart(memory: Memory, one: StoredLabels, other: StoredLabels): string[] {
  const { policies, pending } = memory;
  const documents = [...policies, ...(pending?.before ?? [])].flatMap(parseStored);
  return [...new Set(documentsApart(documents, one, other).map(documentKey))];
}

/** Those of the documents. */
export function documentsApart(
  documents: readonly PolicyDocument[],
  one: StoredLabels,
  other: StoredLabels,
): PolicyDocument[] {
  const [left, right] = [nodeSubject(one), nodeSubject(other)];
  return documents.filter((each) => selectsDifferently(each, left, right));
}

/** Whether both are the same labels. */
export function isSame(one: StoredLabels, other: StoredLabels): boolean {
  return nodeLabels(one).canonical === nodeLabels(other).canonical;
}
