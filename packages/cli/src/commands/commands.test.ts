/** The command line run as a child, as its users run it; and what all of its commands share. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { allCommands, makeProgram } from '../program.ts';
import { skep } from '../testing/skep.ts';

const COMMANDS = allCommands(makeProgram());

describe('every command', () => {
  for (const command of COMMANDS) {
    test(`${command.name()} says what it and its arguments are`, () => {
      assert.match(command.description(), /^[a-z].*[^.]$/);
      for (const option of command.options) assert.match(option.description, /[^.]$/);
      for (const argument of command.registeredArguments) {
        assert.notEqual(argument.description, '', argument.name());
      }
    });
  }
});

test('help is shown on standard output and is no failure', async () => {
  const { status, output, errors } = await skep('--help');
  assert.deepEqual([status, errors], [0, '']);
  for (const name of ['demo', 'lab', 'policy', 'observe', 'explain', 'status']) {
    assert.match(output, new RegExp(`^  ${name}\\b`, 'm'));
  }
});

const misused: readonly (readonly [words: string, told: RegExp])[] = [
  ['bogus', /unknown command 'bogus'/],
  ['status --colour', /unknown option '--colour'/],
  ['lab up', /missing required argument 'file'/],
  ['explain --from a', /'--to <end>' not specified/],
  ['observe --verdict maybe', /Allowed choices are forwarded, dropped/],
  ['observe --port http', /Expected a whole number/],
];

for (const [words, told] of misused) {
  test(`skep ${words}: exit status 2, told in one line`, async () => {
    const { status, output, errors } = await skep(...words.split(' '));
    assert.equal(status, 2);
    assert.equal(output, '');
    assert.match(errors, told);
    assert.equal(errors.trim().split('\n').length, 1);
  });
}

const failing: readonly (readonly [words: string, told: string])[] = [
  ['policy validate no-such.yaml', 'error: read no-such.yaml: no such file\n'],
  ['policy test packages', 'error: read packages: it is a directory, expected a file\n'],
  ['demo --once no-such.yaml', 'error: read no-such.yaml: no such file\n'],
  [
    'lab down no-such-lab',
    'error: take lab no-such-lab away: there is none (see `skep lab list`)\n',
  ],
  ['lab down ../labs', 'error: take lab ../labs away: there is none (see `skep lab list`)\n'],
  [
    'status --socket /run/no-such.sock',
    'error: connect to agent at /run/no-such.sock: connect ENOENT /run/no-such.sock ' +
      '(is `skep agent` running, and may this user talk to it?)\n',
  ],
];

for (const [words, told] of failing) {
  test(`skep ${words}: exit status 1, told in one line`, async () => {
    const { status, output, errors } = await skep(...words.split(' '));
    assert.deepEqual({ status, output, errors }, { status: 1, output: '', errors: told });
  });
}

test('policy validate names the documents of a file', async () => {
  const { status, output } = await skep('policy', 'validate', 'examples/labs/shop-policies.yaml');
  assert.equal(status, 0);
  assert.deepEqual(output.trim().split('\n'), [
    'valid NetworkPolicy/shop/closed-by-default',
    'valid NetworkPolicy/shop/frontend',
    'valid NetworkPolicy/shop/api',
    'valid CiliumNetworkPolicy/shop/database',
  ]);
});

test('policy test decides a file of probes', async () => {
  const { status, output } = await skep('policy', 'test', 'examples/policy-tests/shop.yaml');
  assert.equal(output, '✓ examples/policy-tests/shop.yaml: 10 of 10 probes as expected\n');
  assert.equal(status, 0);
});
