import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LEFT_OUT, redact } from './redact.ts';
import { isSecretName } from './secret-names.ts';

const SECRET_NAMES = [
  ...['password', 'DB_PASS', 'dbPassword', 'pwd', 'redis.pw', 'PGPASSWORD', 'passphrase'],
  ...['secret', 'client_secret', 'apiToken', 'access_token', 'jwt', 'auth'],
  'proxy.basicauth.users',
  ...['api-key', 'accessKey', 'AWS_SECRET_ACCESS_KEY', 'client-key-data', 'signing-key', 'psk'],
  ...['Authorization', 'Set-Cookie', 'example.com/credential', 'db-creds'],
];
const OTHER_NAMES = [
  ...['app', 'key', 'keySize', 'keys', 'author', 'authority', 'passed', 'bypass', 'signal', 'path'],
  ...['kubernetes.io/hostname', 'revision', 'monkey', 'turkey', 'matchLabels', 'compass'],
];

test('names that say what they are, and names that do not', () => {
  for (const name of SECRET_NAMES) assert.equal(isSecretName(name), true, name);
  for (const name of OTHER_NAMES) assert.equal(isSecretName(name), false, name);
});

/** Each way in which somebody may have written it down; `|` and `>` take its lines. */
const FORMS: readonly ((name: string, secret: string) => unknown)[] = [
  (name, secret) => ({ labels: { app: 'api', [name]: secret } }),
  (name, secret) => [`k8s:${name}=${secret}`],
  (name, secret) => ({ name, value: secret }),
  (name, secret) => ({ key: name, value: secret }),
  (name, secret) => `${name}=${secret}`,
  (name, secret) => `a: 1\n  ${name}: ${secret}\nb: 2`,
  (name, secret) => `${name}: ${JSON.stringify(secret)}`,
  (name, secret) => `# ${name}: '${secret}'`,
  (name, secret) => `  ${name}: |\n    ${secret}\n    ${secret}\n\n    ${secret}\nb: 2`,
  (name, secret) => `- ${name}: >-\n    ${secret}`,
  (name, secret) => `${name}:\n  - ${secret}`,
  (name, secret) => `start --port 80 --${name} ${secret}`,
  (name, secret) => `start --${name}="${secret}"`,
  (name, secret) => JSON.stringify({ [name]: secret, port: 80 }),
  (name, secret) => JSON.stringify({ text: JSON.stringify({ [name]: secret }) }),
  (name, secret) => `12:00 host skep[1]: ${JSON.stringify({ kind: 'x', [name]: secret })}`,
  (name, secret) => `said ${JSON.stringify(JSON.stringify({ [name]: secret }))} to it`,
  (name, secret) => `found {"${name}": "${secret}`,
  // Keys of YAML that stand before their value, in one line or more.
  (name, secret) => `a: 1\n? ${name}\n: ${secret}\nb: 2`,
  (name, secret) => `? "${name}"\n: - ${secret}\n  - ${secret}\n`,
  (name, secret) => `list:\n  - ? ${name}\n    : ${secret}\n`,
  (name, secret) => `? ${name}\n:\n- ${secret}\n- ${secret}`,
  (name, secret) => `? |\n  ${name}\n: ${secret}`,
  (name, secret) => `?\n  ${name}\n: ${secret}`,
  (name, secret) => `? [${name}]\n: |\n  ${secret}`,
  // Values of more than one line, that are indented as their name is.
  (name, secret) => `${name}:\n- ${secret}\n- ${secret}`,
  (name, secret) => `${name}=\n${secret}\nb`,
  (name, secret) => `  ${name}=\n\n  ${secret}\n`,
  (name, secret) => `${name}: "a\n${secret}\n"\nb: 2`,
  (name, secret) => `${name}='a\n\n${secret}'`,
  (name, secret) => `start --${name} \\\n${secret}`,
  (name, secret) => `start \\\n--${name}=a\\\n${secret}`,
  (name, secret) => `${name}:\n${name}: "a\n${secret}"`,
  (name, secret) => `args:\n- --${name}\n- ${secret}\n`,
  (name, secret) => ({ args: [`--${name}`, secret], left: [`-${name}`, secret] }),
  // In a text that stands in a value nobody knows what a line is, as in one that YAML has folded.
  (name, secret) => ({ note: `${name}=a\n${secret}` }),
  (name, secret) => ({ note: `first\n${name}: a\n\n${secret}\n${secret}` }),
  (name, secret) => ({ note: `a: 1\n? ${name}\n: ${secret}\n` }),
  (name, secret) => [{ note: JSON.stringify([{ name, value: secret }]) }],
];

test('a secret of any words and signs is left out, however its name and it are written', () => {
  const word = fc.string({
    unit: fc.constantFrom(...'abcXYZ019!$&*()+,;.-_=?@^~/\\"\''),
    minLength: 5,
    maxLength: 9,
  });
  const secret = fc
    .array(word, { minLength: 1, maxLength: 3 })
    .map((words) => `zq${words.join(' zq')}`);
  fc.assert(
    fc.property(
      fc.constantFrom(...SECRET_NAMES.filter((name) => /^[\w-]+$/.test(name))),
      fc.constantFrom(...FORMS),
      secret,
      (name, form, hidden) => {
        const text = JSON.stringify(redact(form(name, hidden)));
        // Each of its words, but for what quoting makes of their signs.
        for (const part of hidden.split(' ')) {
          assert.equal(text.includes(part.slice(0, 3)), false, `${text} has ${part}`);
        }
      },
    ),
    { numRuns: 3000 },
  );
});

const rows: readonly { name: string; have: unknown; want: unknown }[] = [
  {
    name: 'values of names that say what they are',
    have: { labels: { app: 'api', 'db-password': 'hunter2', apiToken: 7 }, count: 3 },
    want: { labels: { app: 'api', 'db-password': '(left out)', apiToken: '(left out)' }, count: 3 },
  },
  {
    name: 'assignments in a text, to the end of the line',
    have: 'start DB_PASSWORD=hunter2 --token "a b" port=80\nsecret: x\nport: 80\n',
    want: `start DB_PASSWORD=${LEFT_OUT}\nsecret: ${LEFT_OUT}\nport: 80\n`,
  },
  {
    name: 'of a log in JSON only the value',
    have: '12:00 skep: {"kind":"x","token":"a","port":80}\nnext',
    want: `12:00 skep: {"kind":"x","token":"${LEFT_OUT}","port":80}\nnext`,
  },
  {
    name: 'what is sent to authenticate',
    have: [
      ...['x: Bearer abc.def', 'https://user:pass@example.com/x', 'redis://:pw@h/0'],
      'eyJh.eyJz.c2ln',
    ],
    want: [
      ...['x: Bearer (left out)', 'https://(left out)@example.com/x', 'redis://(left out)@h/0'],
      '(left out)',
    ],
  },
  {
    name: 'what says by itself that it is one',
    have: `ghp_${'a'.repeat(36)} AKIA${'A'.repeat(16)} glpat-${'b'.repeat(20)} admin:$apr1$x$y`,
    want: `${LEFT_OUT} ${LEFT_OUT} ${LEFT_OUT} admin:${LEFT_OUT}`,
  },
  {
    name: 'private keys, also one that was cut off',
    have: 'a\n-----BEGIN EC PRIVATE KEY-----\nMHc\n-----END EC PRIVATE KEY-----\nb',
    want: 'a\n(left out)\nb',
  },
  {
    name: 'nothing of what policies, addresses and numbers look like',
    have: { rule: 'shop/api ingress[0]', port: 80, ends: ['10.0.0.1', 'fd00::1/128'], none: null },
    want: { rule: 'shop/api ingress[0]', port: 80, ends: ['10.0.0.1', 'fd00::1/128'], none: null },
  },
  {
    name: 'nothing of a policy',
    have: 'spec:\n  podSelector: { matchLabels: { app: api } }\n  ingress:\n    - from: []\n',
    want: 'spec:\n  podSelector: { matchLabels: { app: api } }\n  ingress:\n    - from: []\n',
  },
];
const KEPT: readonly string[] = [
  'a: 1\nport: 80\n? app\n: web\nb: 2\n',
  'why? Because.\nis it so?\nyes\n',
  '12:00 a\n12:01 --pool 10.0.0.0/8\n12:02 c\n',
];
for (const text of KEPT) {
  test(`all is kept of ${JSON.stringify(text)}`, () => {
    assert.equal(redact(text), text);
    assert.deepEqual(redact({ text }), { text });
  });
}

test('of lines after a secret those that are not its own are kept', () => {
  const rows: readonly [have: string, want: string][] = [
    ['? password\n: hunter2\nport: 80\n', '?(left out)\nport: 80\n'],
    ['password: "a\nhunter2"\nport: 80\n', 'password: (left out)\nport: 80\n'],
    ['password:\n  a: hunter2\nport: 80\n', 'password:(left out)\nport: 80\n'],
    ['password=\nhunter2\nport: 80\n', 'password=(left out)\nport: 80\n'],
    ['--token a\\\nhunter2\nport: 80\n', '--token (left out)\nport: 80\n'],
    ['password:\n- hunter2\n- b\nport: 80\n', 'password:(left out)\nport: 80\n'],
  ];
  for (const [have, want] of rows) {
    assert.equal(redact(have), want);
    assert.equal(redact(want), want);
  }
});

for (const { name, have, want } of rows) {
  test(name, () => assert.deepEqual(redact(have), want));
}
