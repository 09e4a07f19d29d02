/** What takes an update of the policy back: first away what it brought, then again what it took. */
import { documentKey, type PolicySet, type PolicyUpdate } from '@skep/policy';

type Removal = Required<
  Pick<PolicyUpdate, 'deletedDocuments' | 'deletedPeers' | 'deletedSubjects'>
>;

/** What an update brings, taken away. */
export function removalOf({ documents, peers, subjects }: PolicyUpdate): Removal {
  return {
    deletedDocuments: (documents ?? []).map(documentKey),
    deletedPeers: [...(peers?.keys() ?? [])],
    deletedSubjects: [...(subjects?.keys() ?? [])],
  };
}

/** What an update replaces or takes away; asked for before it is made. */
export function replacedBy(policy: PolicySet, update: PolicyUpdate): PolicyUpdate {
  const { deletedDocuments, deletedPeers, deletedSubjects } = removalOf(update);
  const documents = new Set([...deletedDocuments, ...(update.deletedDocuments ?? [])]);
  const peers = [...deletedPeers, ...(update.deletedPeers ?? [])];
  const subjects = [...deletedSubjects, ...(update.deletedSubjects ?? [])];
  return {
    documents: [...documents].flatMap((key) => policy.document(key) ?? []),
    peers: known(peers, (key) => policy.peer(key)),
    subjects: known(subjects, (key) => policy.subject(key)),
  };
}

function known<T>(keys: readonly string[], find: (key: string) => T | undefined): Map<string, T> {
  const found = new Map<string, T>();
  for (const key of keys) {
    const value = find(key);
    if (value !== undefined) found.set(key, value);
  }
  return found;
}
