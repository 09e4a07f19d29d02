/**
 * What YAML has and policies have not: two readers could take it for different things, and what one
 * of them leaves out may be what closes an endpoint.
 */

import { type Document, isScalar, type Node, visit } from 'yaml';

/** Something that is refused, and where it stands in the text. */
export interface YamlProblem {
  readonly offset: number;
  readonly detail: string;
}

/** Whether two keys of a mapping are one, also where one is a number. */
export function isSameKey(left: unknown, right: unknown): boolean {
  return isScalar(left) && isScalar(right) && String(left.value) === String(right.value);
}

/** All that a document has of it. */
export function findUnclearYaml(document: Document): YamlProblem[] {
  const problems: YamlProblem[] = [];
  const refuse = (node: Node, detail: string): void => {
    problems.push({ offset: node.range?.[0] ?? 0, detail });
  };
  visit(document, {
    Pair: (_, { key }) => {
      if (!isScalar(key)) {
        refuse(key as Node, 'found a key that is no text, expected a text');
      } else if (key.value === '__proto__')
        refuse(key, 'found the key __proto__, expected another');
    },
    Node: (_, node) => {
      if ('tag' in node && node.tag && !PLAIN_TAGS.test(node.tag)) {
        refuse(node, `found the tag ${node.tag}, expected none`);
      } else if (isScalar(node) && node.value instanceof Object) {
        refuse(node, 'found a value that is no text or number');
      } else if (isScalar(node) && typeof node.value === 'number') {
        const { source = '' } = node;
        if (!LEADING_ZERO.test(source)) return;
        refuse(node, `found ${source}, expected a number without a zero before it`);
      }
    },
  });
  return problems;
}

const PLAIN_TAGS = /^tag:yaml\.org,2002:(str|int|float|bool|null|map|seq)$/;
/** Octal for readers of YAML 1.1, such as Kubernetes'; decimal for those of 1.2. */
const LEADING_ZERO = /^[-+]?0[0-9]/;
