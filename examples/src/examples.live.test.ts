/** Runs every example as a reader would, and compares what is seen with what its page promises. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  canTraceFunctions,
  canUseBpf,
  explainMissing,
  type Feature,
  hasActiveBpfModule,
} from '@skep/bpf';
import { runExample } from './lib/run.ts';

const LINES_MAX = 60;

/** One example. */
interface Expected {
  readonly needsKernel: boolean;
  /** What not every supported kernel has. */
  readonly feature?: Feature;
  /** Whether it is attached to functions of the kernel, as hooks of security modules are. */
  readonly tracesFunctions?: true;
  readonly isSecurityModule?: true;
  readonly output: RegExp;
}

/** What each example prints; those that need the kernel are skipped where it is not permitted. */
const examples: Record<string, Expected> = {
  'compile-only': {
    needsKernel: false,
    output: /dropIcmp:\n[\s\S]*exit\n[\s\S]*a ping: Drop after \d+ .*\na datagram: Pass after \d+ /,
  },
  'count-calls': { needsKernel: true, output: /^getppid: 3 calls\n$/ },
  'count-established': {
    needsKernel: true,
    output:
      /^connected: 2, taken: 2\n(?=.*server.*5 b)(?=.*server.*8 b)([a-z ]+[158] bytes\n){4}$/s,
  },
  'count-packets': { needsKernel: true, output: /^ICMP: 1\nTCP: 5\nUDP: 3\narrived: 9\n$/ },
  'drop-port': {
    needsKernel: true,
    output: /8080 arrives\n.*8081 arrives\n.*8080 is dropped\n.*8081 arrives\n.*8080 arrives\n/,
  },
  echo: {
    needsKernel: true,
    output: /^client: hello\nclient: who is there\?\nserver: nothing\n$/,
  },
  'filter-socket': { needsKernel: true, output: /^four\nelev\n$/ },
  'forward-packets': {
    needsKernel: true,
    output: /^no way: 0 of 3 arrive\na way: 3 of 3 arrive\nno way: 0 of 3 arrive\n$/,
  },
  'guard-group': {
    needsKernel: true,
    output: /^raw: open socket.*: EPERM.*\nport 25: bind.*EPERM.*\nsent: 2 packets of 62 bytes\n$/,
  },
  'join-sockets': {
    needsKernel: true,
    output: /^right client: hello\nleft server: nothing\nsend on socket: EACCES/,
  },
  'match-packets': {
    needsKernel: true,
    output:
      /^drops .*\nSYN.*: 2 of 2 .*\nACK.*: 0 of 3 .*\nUDP.*: 0 of 3 .*\n.*: 1 of 1 .*\n3 pack/,
  },
  'open-netkit': {
    needsKernel: true,
    feature: 'netkit',
    output:
      /^(closed: .*is dropped\n){2}.*53 arrives\n.*80 is dropped\n(closed: .*is dropped\n){2}$/,
  },
  'list-sockets': {
    needsKernel: true,
    output: /^(?=(.*\n){3}$)(?=.*Listen: port 8000\n).*Established: a client of port 8000\n/s,
  },
  'rate-limit': {
    needsKernel: true,
    output: /^50 packets at once: 1\d arrive\n50 .*: [4-9] arrive/,
  },
  'read-frames': {
    needsKernel: true,
    output: /^node reads: 3\ncome back: 3\nthe stack sees: 0\n$/,
  },
  'redirect-connect': {
    needsKernel: true,
    output: /^every peer is the service: true\neach backend has some: true\ntogether: 20\n$/,
  },
  'refuse-sockets': {
    needsKernel: true,
    tracesFunctions: true,
    isSecurityModule: true,
    output: /^STREAM: opened\nDGRAM: open socket.*: EPERM.*\n$/,
  },
  'share-port': {
    needsKernel: true,
    output: /^socket 0: apple, almond\nsocket 1: pear, plum\n$/,
  },
  'spread-cpus': { needsKernel: true, output: /^handed on: 8, arrived: 8\n$/ },
  'steer-port': {
    needsKernel: true,
    output: /^port 8000 got: to 7000\nport 8000 got: to 7009\n7010: connect .*ECONNREFUSED/,
  },
  'time-connect': {
    needsKernel: true,
    tracesFunctions: true,
    output: /^connect to port 8000: 0, took some time: true\n$/,
  },
  'trace-connect': {
    needsKernel: true,
    output: /^Close -> SynSent\nSynSent -> Established\n$/,
  },
  'watch-function': {
    needsKernel: true,
    output: /^(system call \d+\n)*system call (41|198)\n(system call \d+\n)+$/,
  },
};

const sourceFolder = join(import.meta.dirname, '../src');
const names = readdirSync(sourceFolder)
  .filter((file) => /^[\w-]+\.ts$/.test(file))
  .map((file) => file.slice(0, -'.ts'.length));

test('every example has an expected output', () => {
  assert.deepEqual(names.sort(), Object.keys(examples).sort());
});

function hindrance(expected: Expected): string | undefined {
  const { needsKernel, feature, tracesFunctions, isSecurityModule } = expected;
  if (!needsKernel) return undefined;
  const missing = canUseBpf() ?? (feature && explainMissing(feature));
  const refused = missing ?? (tracesFunctions && canTraceFunctions());
  const isInactive = isSecurityModule && refused === undefined && !hasActiveBpfModule();
  return isInactive ? 'bpf is no active security module' : refused;
}

for (const [name, expected] of Object.entries(examples)) {
  test(`${name} shows what it promises`, { skip: hindrance(expected) ?? false }, () => {
    const file = join(import.meta.dirname, `${name}.js`);
    const { stdout, stderr, status } = spawnSync(process.execPath, [file], { encoding: 'utf8' });
    assert.equal(stderr, '');
    assert.equal(status, 0);
    assert.match(stdout, expected.output);
  });

  test(`${name} fits a page and says what to expect`, () => {
    const text = readFileSync(join(sourceFolder, `${name}.ts`), 'utf8');
    const lines = text.trimEnd().split('\n');
    assert.ok(lines.length <= LINES_MAX, `${lines.length} lines, expected at most ${LINES_MAX}`);
    for (const part of ['Shows: ', 'You will see: ', 'Needs: ', 'Now change this line: ']) {
      assert.ok(text.includes(` * ${part}`), `header part '${part}' missing`);
    }
  });
}

test('an example that is only imported does nothing', () => {
  runExample('file:///elsewhere/dist/example.js', () => assert.fail('main was called'));
});
