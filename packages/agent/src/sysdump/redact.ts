/**
 * Leaving out what could be a secret. Skep has none of its own yet; policies, labels, settings and
 * logs hold what others have written there. What has a structure is looked at by it; in a text,
 * where it is not clear how far a secret goes, more is left out: to the end of the line, and of the
 * lines that belong to it.
 */
import { isSecretName } from './secret-names.ts';

/** What stands where something was left out. */
export const LEFT_OUT = '(left out)';

/** Shapes of secrets that stand anywhere, and what stays of each. */
const SHAPES: readonly (readonly [shape: RegExp, left: string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, LEFT_OUT],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, `$1 ${LEFT_OUT}`],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, LEFT_OUT],
  // What stands before the host of a URL.
  [/(:\/\/)[^\s"'@]*@/g, `$1${LEFT_OUT}@`],
  // Hashes of passwords, as in /etc/shadow and .htpasswd.
  [/\$(?:apr1|1|2[abxy]|5|6|7|y|argon2\w*)\$[^\s"',]+/g, LEFT_OUT],
  // Tokens that say of which service they are.
  [/\b(?:gh[oprsu]_|github_pat_|glpat-|xox[abeprs]-|npm_|dckr_pat_)[\w-]{10,}/g, LEFT_OUT],
  [/\b(?:hvs\.|sk-)[\w-]{16,}/g, LEFT_OUT],
  [/\b(?:AKIA|ASIA)[0-9A-Z]{12,}\b/g, LEFT_OUT],
  [/\bAIza[\w-]{20,}/g, LEFT_OUT],
];

/** `name: value`, `"name": value`, `name=value`, escaped or not. */
const ASSIGNMENT = /([\w./-]+)[\\"']*\s*[:=]\s*/g;
/** `--name value`. */
const OPTION = /--([\w.-]+)(?:[ \t]+|$)/g;
/** `? name` of YAML, whose value is in a line of its own; so may be the name. */
const EXPLICIT_KEY = /^[\s-]*\?(?:\s+(.*))?$/;
/** Alone, as in a list of arguments: the value is the next one. */
const LONE_OPTION = /^--?([\w.-]+)$/;

/**
 * A value, however deep, without what could be a secret. A text that is the whole value is one of
 * lines, such as a log; of one inside, nobody knows what a line is, and all after a secret's name
 * is left out.
 */
export function redact(value: unknown): unknown {
  return typeof value === 'string' ? redactLines(value) : redactPart(value);
}

function redactPart(value: unknown): unknown {
  if (typeof value === 'string') return redactInside(value);
  if (Array.isArray(value)) return redactList(value);
  if (typeof value !== 'object' || value === null) return value;
  const { name, key } = value as Record<string, unknown>;
  const isSecret = [name, key].some((each) => typeof each === 'string' && isSecretName(each));
  return Object.fromEntries(
    Object.entries(value).map(([field, each]) => {
      const isLeftOut = isSecretName(field) || (isSecret && field === 'value');
      return [redactInside(field), isLeftOut ? LEFT_OUT : redactPart(each)];
    }),
  );
}

function redactList(list: readonly unknown[]): unknown[] {
  return list.map((each, index) => {
    const before: unknown = list[index - 1];
    const [, option = ''] = (typeof before === 'string' && LONE_OPTION.exec(before)) || [];
    return isSecretName(option) ? LEFT_OUT : redactPart(each);
  });
}

/** A text that stands in a value. */
function redactInside(text: string): string {
  const lines = withoutShapes(text).split('\n');
  for (const [index, line] of lines.entries()) {
    const { shown, rest } = redactLine(line);
    lines[index] = shown;
    if (rest !== undefined) return lines.slice(0, index + 1).join('\n');
  }
  return lines.join('\n');
}

/** Lines that are no secret's, and of the others what stands before it. */
function redactLines(text: string): string {
  const lines: string[] = [];
  let secret: OpenSecret | undefined;
  for (const line of withoutShapes(text).split('\n')) {
    const { shown, rest } = redactLine(line);
    const isOfSecret = secret?.goesOnIn(line) ?? false;
    if (rest !== undefined) secret = new OpenSecret(line, rest, isOfSecret ? secret : undefined);
    else if (!isOfSecret) secret = undefined;
    if (!isOfSecret) lines.push(shown);
  }
  if (secret && text.endsWith('\n')) lines.push('');
  return lines.join('\n');
}

/** How far a secret goes behind the line with its name. */
class OpenSecret {
  /** How far that line is indented: deeper lines are its value. */
  private readonly indent: number;
  private readonly isExplicit: boolean;
  /** Whether nothing of it has come yet; and whether it is a list of which something has. */
  private isEmpty: boolean;
  private isInList = false;
  private isContinued: boolean;
  private quote: string | undefined;

  /** @param around one that this line is a part of */
  constructor(line: string, rest: string, around?: OpenSecret) {
    this.indent = Math.min(indentOf(line), around?.indent ?? Infinity);
    this.isExplicit = EXPLICIT_KEY.test(line) || (around?.isExplicit ?? false);
    this.isEmpty = rest.trim() === '';
    this.isContinued = rest.trimEnd().endsWith('\\');
    this.quote = around?.quote ?? openQuote(rest);
  }

  /** Whether a line is a part of it; they are asked about in order. */
  goesOnIn(line: string): boolean {
    const { isContinued, quote, isEmpty } = this;
    const text = line.trim();
    this.isContinued = isContinued && text.endsWith('\\');
    if (quote !== undefined && text.includes(quote)) this.quote = undefined;
    if (isContinued || quote !== undefined || text === '') return true;
    if (indentOf(line) > this.indent) {
      this.isEmpty = false;
      return true;
    }
    const isValue = this.isExplicit && text.startsWith(':');
    // In the next line, or a list that is not indented.
    const isItem = text.startsWith('-');
    const isNext = isEmpty || (this.isInList && isItem);
    this.isInList = isNext && isItem;
    this.isEmpty = isValue && text === ':';
    if (isValue) this.quote = openQuote(text.slice(1));
    return isValue || isNext;
  }
}

function indentOf(line: string): number {
  return line.search(/\S|$/);
}

/** The quote that a value begins with, where it does not end with it. */
function openQuote(rest: string): string | undefined {
  const [, quote = ''] = /^\s*\\*(["'])/.exec(rest) ?? [];
  if (quote === '') return undefined;
  return rest.indexOf(quote) === rest.lastIndexOf(quote) ? quote : undefined;
}

function withoutShapes(text: string): string {
  return SHAPES.reduce((rest, [shape, stays]) => rest.replace(shape, stays), text);
}

/** What of a line is shown; and what is not, where it ends with that. */
interface ShownLine {
  readonly shown: string;
  readonly rest?: string;
}

/** A line of a log is often JSON, of which the other values stay. */
function redactLine(line: string): ShownLine {
  const brace = line.search(/[{[]\s*["{[]/);
  const parsed = brace < 0 ? undefined : parseObject(line.slice(brace));
  if (!parsed) return cutAfterName(line);
  const before = cutAfterName(line.slice(0, brace));
  const shown = JSON.stringify(redactPart(parsed));
  const isSame = before.rest === undefined && shown === JSON.stringify(parsed);
  return isSame ? { shown: line } : { shown: before.shown + shown };
}

/** All after the first secret's name. */
function cutAfterName(line: string): ShownLine {
  const ends = [ASSIGNMENT, OPTION].flatMap((form) => {
    const found = [...line.matchAll(form)].find(([, name = '']) => isSecretName(name));
    return found ? [found.index + found[0].length] : [];
  });
  const explicit = EXPLICIT_KEY.exec(line);
  if (explicit && mayNameSecret(explicit[1])) ends.push(line.indexOf('?') + 1);
  if (ends.length === 0) return { shown: line };
  const end = Math.min(...ends);
  const rest = line.slice(end);
  // Left out before.
  return rest.trim() === LEFT_OUT
    ? { shown: line }
    : { shown: line.slice(0, end) + LEFT_OUT, rest };
}

/** A key that stands in lines of its own may be any. */
function mayNameSecret(key = ''): boolean {
  if (/^([|>].*)?$/.test(key)) return true;
  return (key.match(/[\w./-]+/g) ?? []).some(isSecretName);
}

function parseObject(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
