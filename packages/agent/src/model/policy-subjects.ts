/** Whom documents are about. */
import { type PolicyDocument, type Subject, selectorMatches } from '@skep/policy';

/** Whether a document is about a node, as such. */
export function isAboutNode({ ruleSets }: PolicyDocument, node: Subject): boolean {
  return ruleSets.some(({ subject, isAboutNodes }) => {
    return isAboutNodes === true && selectorMatches(subject, node.labels);
  });
}

/** Whether some of its rules are about one of two nodes, and not about the other. */
export function selectsDifferently(
  { ruleSets }: PolicyDocument,
  one: Subject,
  other: Subject,
): boolean {
  return ruleSets.some(({ subject, isAboutNodes }) => {
    if (!isAboutNodes) return false;
    return selectorMatches(subject, one.labels) !== selectorMatches(subject, other.labels);
  });
}

/** The files of documents with rules about some of the subjects. */
export function filesAbout(
  subjects: readonly Subject[],
  documents: readonly PolicyDocument[] = [],
): string[] {
  const about = documents.filter(({ ruleSets }) => {
    return ruleSets.some(({ subject }) => {
      return subjects.some(({ labels }) => selectorMatches(subject, labels));
    });
  });
  return [...new Set(about.map(({ position }) => position.file))];
}
