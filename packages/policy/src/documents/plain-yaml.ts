/**
 * What YAML has and policies have not: two readers could take it for different things, and what one
 * of them leaves out may be what closes an endpoint.
 */

import { type CST, type Document, isScalar, Lexer, type Node, Parser, visit } from 'yaml';

/** Something that is refused, and where it stands in the text. */
export interface YamlProblem {
  readonly offset: number;
  readonly detail: string;
}

const LEVELS_MAX = 64;

/**
 * The tokens of a text for the composer, which recurses: where the stack ends, it may take the
 * whole process along. So it gets nothing that is nested more deeply than any policy.
 *
 * @param onNewLine is told where each line begins
 * @param refuse what is nested more deeply
 */
export function* tokensOf(
  text: string,
  onNewLine: (offset: number) => void,
  refuse: (problem: YamlProblem) => never,
): Generator<CST.Token> {
  const parser = new Parser(onNewLine);
  onNewLine(0);
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    const levels = parser.stack.filter((token) => 'items' in token).length;
    if (levels <= LEVELS_MAX) continue;
    const most = `${LEVELS_MAX} levels of lists and mappings`;
    refuse({ offset: parser.offset, detail: `found more than ${most}, expected at most that` });
  }
  yield* parser.end();
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
