import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redact } from './redact.ts';

const rows: readonly { name: string; have: unknown; want: unknown }[] = [
  {
    name: 'values of names that say what they are',
    have: { labels: { app: 'api', 'db-password': 'hunter2', apiToken: 7 }, count: 3 },
    want: { labels: { app: 'api', 'db-password': '(left out)', apiToken: '(left out)' }, count: 3 },
  },
  {
    name: 'assignments in a text, of a log or of YAML',
    have: 'start DB_PASSWORD=hunter2 --token "a b" port=80\nsecret: x\nclient_secret: \'y z\'\n',
    want: [
      'start DB_PASSWORD=(left out) --token "a b" port=80',
      'secret: (left out)',
      'client_secret: (left out)\n',
    ].join('\n'),
  },
  {
    name: 'what is sent to authenticate',
    have: ['x: Bearer abc.def', 'https://user:pass@example.com/x', 'eyJh.eyJz.c2ln'],
    want: ['x: Bearer (left out)', 'https://(left out)@example.com/x', '(left out)'],
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
];
for (const { name, have, want } of rows) {
  test(name, () => assert.deepEqual(redact(have), want));
}
