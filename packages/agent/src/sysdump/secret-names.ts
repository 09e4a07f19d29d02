/** Names whose values nobody else is to see, such as `DB_PASS`, `apiToken`, `client-key-data`. */

/** Wherever they stand in a name. */
const PARTS = new RegExp(
  [
    ...['passw', 'passphrase', 'secret', 'token', 'credential', 'authori[sz]ation', 'basicauth'],
    ...['cookie', 'apikey', 'privatekey', 'accesskey', 'htpasswd', 'connectionstring'],
  ].join('|'),
);
/** As words of their own: they are parts of harmless ones, too. */
const WORDS = new Set([
  ...['pass', 'passes', 'pwd', 'pw', 'auth', 'cred', 'creds', 'jwt', 'psk', 'otp', 'sig', 'hmac'],
  ...['signature', 'dsn', 'session', 'sessionid', 'bearer', 'pat'],
]);

/** Whether what has this name could be a secret. */
export function isSecretName(name: string): boolean {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  return PARTS.test(words.join('')) || words.some((word) => WORDS.has(word)) || isKey(words);
}

/** `signing-key`, `client-key-data`: not what is merely a key, as of a table. */
function isKey(words: readonly string[]): boolean {
  const at = words.findIndex((word) => word === 'key' || word === 'keys');
  return at > 0 && (at === words.length - 1 || words[at + 1] === 'data');
}
