/** What a style check found, and where. */

/** A breach of a rule, or (`isWarning`) a step towards one. Lines count from 1; 0 is the file. */
export interface Finding {
  /** Relative to the project's folder. */
  readonly file: string;
  readonly line: number;
  readonly rule: string;
  readonly found: string;
  readonly expected: string;
  readonly isWarning?: boolean;
}

/** `packages/wire/src/arp.ts:12: line-length: found 104 columns, expected at most 100`. */
export function findingText({ file, line, rule, found, expected, isWarning }: Finding): string {
  const place = line > 0 ? `${file}:${line}` : file;
  return `${place}: ${isWarning ? 'warning: ' : ''}${rule}: found ${found}, expected ${expected}`;
}
