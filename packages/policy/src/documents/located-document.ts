/** One YAML document: its plain value, and the line on which each part of it stands. */

import { Composer, type Document, isCollection, isMap, isNode, LineCounter } from 'yaml';
import { findUnclearYaml, isSameKey, tokensOf } from './plain-yaml.ts';
import {
  type DocumentProblem,
  formatPath,
  type PathStep,
  PolicyDocumentError,
} from './document-error.ts';
import type { SourcePosition } from '../model.ts';

const MESSAGE_LENGTH_MAX = 100;

/** A document (or an item of a List) whose parts know their lines. */
export interface LocatedDocument {
  readonly value: unknown;
  /** Where the part at this path starts; where there is none, the nearest part around it. */
  position(path: readonly PathStep[]): SourcePosition;
  /** A problem at this path. */
  problem(path: readonly PathStep[], detail: string): DocumentProblem;
  /** The part at this path as a document of its own, whose paths start there. */
  part(path: readonly PathStep[]): LocatedDocument;
}

/**
 * Reads all documents of a file; empty ones are left out.
 *
 * @throws PolicyDocumentError for text that is not YAML or nested too deeply, for a key that
 * appears twice, and for what readers of YAML do not agree about.
 */
export function readDocuments(text: string, file: string): LocatedDocument[] {
  const lines = new LineCounter();
  const problem = (offset: number, detail: string): DocumentProblem => {
    return { file, line: lines.linePos(offset).line, path: '', detail };
  };
  const tokens = tokensOf(text, lines.addNewLine, ({ offset, detail }) => {
    throw new PolicyDocumentError([problem(offset, detail)]);
  });
  const documents = [...new Composer({ uniqueKeys: isSameKey }).compose(tokens)];
  const problems = documents
    .flatMap((document) => [...document.errors, ...document.warnings])
    // What follows from the first error is noise; a key that appears twice is one of its own.
    .filter((error, index) => index === 0 || error.code === 'DUPLICATE_KEY')
    .map((error) => problem(error.pos[0], `not YAML: ${shortened(error.message)}`));
  for (const document of problems.length > 0 ? [] : documents) {
    problems.push(
      ...findUnclearYaml(document).map(({ offset, detail }) => problem(offset, detail)),
    );
  }
  if (problems.length > 0) throw new PolicyDocumentError(problems);
  return documents
    .map((document) => locate(document, toValue(document, file), [], file, lines))
    .filter((document) => document.value !== null && document.value !== undefined);
}

/** The parser may quote all the text that it did not understand. */
function shortened(message: string): string {
  return message.length <= MESSAGE_LENGTH_MAX
    ? message
    : `${message.slice(0, MESSAGE_LENGTH_MAX)} ...`;
}

/** Aliases are resolved, but not without end. */
function toValue(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    const detail = `not YAML: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new PolicyDocumentError([{ file, line: 1, path: '', detail }]);
  }
}

function locate(
  document: Document,
  value: unknown,
  base: readonly PathStep[],
  file: string,
  lines: LineCounter,
): LocatedDocument {
  const position = (path: readonly PathStep[]): SourcePosition => ({
    file,
    line: lines.linePos(offsetOf(document, [...base, ...path])).line,
  });
  return {
    value,
    position,
    problem: (path, detail) => ({ ...position(path), path: formatPath(path), detail }),
    part: (path) => locate(document, valueAt(value, path), [...base, ...path], file, lines),
  };
}

/** The value at a path, or undefined. */
export function valueAt(value: unknown, path: readonly PathStep[]): unknown {
  let current = value;
  for (const step of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = (current as Record<PathStep, unknown>)[step];
  }
  return current;
}

/** Offset of the part at a path: of its key, in a mapping. */
function offsetOf(document: Document, path: readonly PathStep[]): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const step of path) {
    if (!isCollection(node)) break;
    if (isMap(node)) {
      const pair = node.items.find((item) => String(keyOf(item.key)) === String(step));
      if (!pair) break;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else {
      node = node.get(step, true);
      offset = startOf(node) ?? offset;
    }
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? (node.range?.[0] ?? undefined) : undefined;
}

function keyOf(key: unknown): unknown {
  return isNode(key) ? key.toJSON() : key;
}
