/**
 * Leaving out what could be a secret. Skep has none of its own yet; policies, labels, settings and
 * logs hold what others have written there. Where it is not clear how far a secret goes, more is
 * left out: to the end of the line, and of the lines that belong to it.
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
const OPTION = /--([\w.-]+)[ \t]+/g;

/** A value, however deep, without what could be a secret. */
export function redact(value: unknown): unknown {
  if (typeof value === 'string') return redactText(value);
  if (Array.isArray(value)) return value.map(redact);
  if (typeof value !== 'object' || value === null) return value;
  const { name, key } = value as Record<string, unknown>;
  const isSecret = [name, key].some((each) => typeof each === 'string' && isSecretName(each));
  return Object.fromEntries(
    Object.entries(value).map(([field, each]) => {
      const isLeftOut = isSecretName(field) || (isSecret && field === 'value');
      return [redactText(field), isLeftOut ? LEFT_OUT : redact(each)];
    }),
  );
}

function redactText(text: string): string {
  const left = SHAPES.reduce((rest, [shape, stays]) => rest.replace(shape, stays), text);
  const lines: string[] = [];
  /** How far the line with the secret's name is indented, whose deeper lines are its value. */
  let secretIndent: number | undefined;
  for (const line of left.split('\n')) {
    const indent = line.search(/\S|$/);
    if (secretIndent !== undefined && (indent > secretIndent || line.trim() === '')) continue;
    const shown = redactLine(line);
    secretIndent = shown === line ? undefined : indent;
    lines.push(shown);
  }
  if (secretIndent !== undefined && text.endsWith('\n')) lines.push('');
  return lines.join('\n');
}

/** A line of a log is often JSON, of which the other values stay. */
function redactLine(line: string): string {
  const brace = line.indexOf('{"');
  const parsed = brace < 0 ? undefined : parseObject(line.slice(brace));
  if (parsed) {
    const shown = JSON.stringify(redact(parsed));
    const isSame = shown === JSON.stringify(parsed);
    return isSame ? line : cutAfterName(line.slice(0, brace)) + shown;
  }
  return cutAfterName(line);
}

/** All after the first secret's name. */
function cutAfterName(line: string): string {
  const ends = [ASSIGNMENT, OPTION].flatMap((form) => {
    const found = [...line.matchAll(form)].find(([, name = '']) => isSecretName(name));
    return found ? [found.index + found[0].length] : [];
  });
  const end = Math.min(...ends);
  return end < line.length || ends.length > 0 ? `${line.slice(0, end)}${LEFT_OUT}` : line;
}

function parseObject(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
