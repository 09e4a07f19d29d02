/**
 * Leaving out what could be a secret. Skep has none of its own yet; policies, labels, settings and
 * logs hold what others have written there.
 */

/** What stands where something was left out. */
export const LEFT_OUT = '(left out)';

const SECRET_WORDS = [
  ...['passw(?:or)?d', 'passphrase', 'secret', 'token', 'credential', 'authori[sz]ation'],
  ...['cookie', 'api[-_]?key', 'private[-_]?key'],
].join('|');
/** Names whose values are left out, such as `DB_PASSWORD` and `apiToken`. */
const SECRET_NAME = new RegExp(SECRET_WORDS, 'i');

/** Shapes of secrets in a text, and what stays of each. */
const SHAPES: readonly (readonly [shape: RegExp, left: string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, LEFT_OUT],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, `$1 ${LEFT_OUT}`],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, LEFT_OUT],
  [/(:\/\/)[^/\s:@]+:[^/\s@]+@/g, `$1${LEFT_OUT}@`],
  [
    new RegExp(
      `([\\w.-]*(?:${SECRET_WORDS})[\\w.-]*["']?\\s*[:=]\\s*)("[^"\\n]*"|'[^'\\n]*'|[^\\s,;&]+)`,
      'gi',
    ),
    `$1${LEFT_OUT}`,
  ],
];

/** A value, however deep, without what could be a secret. */
export function redact(value: unknown): unknown {
  if (typeof value === 'string') return redactText(value);
  if (Array.isArray(value)) return value.map(redact);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      SECRET_NAME.test(name) ? LEFT_OUT : redact(each),
    ]),
  );
}

function redactText(text: string): string {
  return SHAPES.reduce((left, [shape, replacement]) => left.replace(shape, replacement), text);
}
