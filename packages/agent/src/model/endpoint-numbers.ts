/** The numbers that an endpoint's labels have in the tables: its identity and its subject. */
import {
  IDENTITY_ALLOCATED_FIRST,
  IDENTITY_ALLOCATED_LAST,
  IDENTITY_COOL_DOWN_SECONDS,
  ReservedIdentity,
  SUBJECTS_MAX,
} from '@skep/contract';
import { reservedIdentityLabels, workloadLabels } from '@skep/policy';
import { type EndpointFacts, type KnownEndpoint, subjectKeyOf } from './endpoint-facts.ts';
import { Numbers } from './numbers.ts';

/** What an endpoint was given in an earlier life of the agent. */
export interface KeptNumbers {
  readonly identity: number;
  readonly subject: number;
}

/** Identities and subjects, each held by the endpoints that have its labels. */
export class EndpointNumbers {
  readonly identities = new Numbers({
    kind: 'identity',
    first: IDENTITY_ALLOCATED_FIRST,
    last: IDENTITY_ALLOCATED_LAST,
    coolDown: IDENTITY_COOL_DOWN_SECONDS * 1000,
  });
  readonly subjects = new Numbers({ kind: 'subject', first: 1, last: SUBJECTS_MAX });

  /** Gives an endpoint its numbers. @throws NumbersExhaustedError; nothing is taken then */
  acquire(facts: EndpointFacts): { readonly known: KnownEndpoint; readonly isNewSubject: boolean } {
    const policyLabels = policyLabelsOf(facts);
    const identity = this.acquireIdentity({ ...facts, policyLabels });
    try {
      const subject = this.subjects.acquire(subjectKeyOf({ ...facts, policyLabels }));
      const known = { ...facts, policyLabels, identity, subject: subject.number };
      return { known, isNewSubject: subject.isNew };
    } catch (error) {
      this.releaseIdentity({ ...facts, policyLabels });
      throw error;
    }
  }

  /** Gives them back. True when nobody has the subject any more. */
  release(known: KnownEndpoint): boolean {
    this.releaseIdentity(known);
    return this.subjects.release(subjectKeyOf(known));
  }

  /** Gives what has the same text the same numbers as before; for endpoints that are to come. */
  restore(facts: EndpointFacts, kept: KeptNumbers): void {
    const policyLabels = policyLabelsOf(facts);
    if (facts.labels) this.identities.restore(policyLabels.canonical, kept.identity);
    this.subjects.restore(subjectKeyOf({ ...facts, policyLabels }), kept.subject);
  }

  /** The one of an endpoint without labels exists without being given. */
  private acquireIdentity({ labels, policyLabels }: Labelled): number {
    if (!labels) return ReservedIdentity.Init;
    return this.identities.acquire(policyLabels.canonical).number;
  }

  private releaseIdentity({ labels, policyLabels }: Labelled): void {
    if (labels) this.identities.release(policyLabels.canonical);
  }
}

type Labelled = Pick<KnownEndpoint, 'labels' | 'policyLabels'>;

function policyLabelsOf(facts: EndpointFacts): KnownEndpoint['policyLabels'] {
  const { labels, namespace, namespaceLabels } = facts;
  if (!labels) return reservedIdentityLabels(ReservedIdentity.Init);
  return workloadLabels(labels, namespace, namespaceLabels);
}
