/** GLOSSARY.md as data: the words that stand for one thing, and the synonyms that may not. */

/** A synonym that no name in the code may contain, in camel-case words. */
export interface Synonym {
  /** `['flow', 'key']` for `flowKey`. */
  readonly words: readonly string[];
  /** As the glossary writes it. */
  readonly text: string;
  /** The glossary's word for it. */
  readonly use: string;
}

/**
 * Reads the table | word | meaning | not |. Of its last column, the synonyms in backticks are
 * refused in names; the others are advice to people, because they have honest uses too.
 *
 * @throws Error when there is no such table.
 */
export function readGlossary(markdown: string): Synonym[] {
  const rows = markdown.split('\n').filter((line) => line.startsWith('|'));
  const [header, , ...body] = rows.map((row) => row.split('|').map((cell) => cell.trim()));
  if (header?.[1] !== 'word' || header[3] !== 'not') {
    throw new Error(
      `glossary table: found header '${header?.join(' | ') ?? ''}', expected word, not`,
    );
  }
  return body.flatMap(([, use = '', , not = '']) => {
    const refused = [...not.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
    return refused.map((text) => ({ words: splitName(text), text, use }));
  });
}

/** `XdpFlowKey`, `flow_key` and `FLOW_KEY2` in lower-case words: letters only. */
export function splitName(name: string): string[] {
  const words = name.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g) ?? [];
  return words.map((word) => word.toLowerCase());
}

/** The first synonym that a name contains as whole words. */
export function synonymIn(name: string, synonyms: readonly Synonym[]): Synonym | undefined {
  const words = splitName(name);
  return synonyms.find((synonym) =>
    words.some((_, start) => synonym.words.every((word, index) => words[start + index] === word)),
  );
}
