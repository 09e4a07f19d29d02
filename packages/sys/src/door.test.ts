import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isKnownArchitecture } from './abi/syscalls.ts';
import { addressOf, syscall, syscallResult } from './door.ts';
import { KernelError } from './kernel-error.ts';

const cannotCall =
  process.platform === 'linux' && isKnownArchitecture(process.arch)
    ? false
    : 'system calls are those of linux on x64 or arm64';

test('a result comes back, a refusal as a negative errno', { skip: cannotCall }, () => {
  assert.equal(syscallResult('getpid'), process.pid);
  const EBADF = 9;
  assert.equal(syscallResult('close', 0x7ffffff0), -EBADF);
});

test('a refusal is an error with the words of the caller', { skip: cannotCall }, () => {
  const options = { operation: 'close trial', subject: 'descriptor' };
  assert.throws(
    () => syscall('close', [0x7ffffff0], options),
    (error: KernelError) => {
      assert.ok(error instanceof KernelError);
      assert.equal(error.message, 'close trial descriptor: EBADF: bad file descriptor');
      return true;
    },
  );
});

test('an integer that would be cut is refused before the call', { skip: cannotCall }, () => {
  // 1.5 would close descriptor 1.
  assert.throws(() => syscallResult('close', 1.5), /close argument 1.5: expected an integer/);
  assert.throws(() => syscallResult('close', Number.NaN), TypeError);
});

test('the kernel reads and writes memory that is handed over', { skip: cannotCall }, () => {
  const path = Buffer.from('/proc/self/comm\0');
  const AT_FDCWD = -100;
  const descriptor = syscall('openat', [AT_FDCWD, path, 0, 0]);
  try {
    const bytes = new Uint8Array(64);
    const length = syscall('read', [descriptor, bytes, bytes.length]);
    const expected = readFileSync('/proc/self/comm', 'utf8');
    assert.equal(Buffer.from(bytes.subarray(0, length)).toString(), expected);
  } finally {
    syscall('close', [descriptor]);
  }
});

test('addresses differ by the offset of the view', { skip: cannotCall }, () => {
  const buffer = new ArrayBuffer(64);
  const start = addressOf(new Uint8Array(buffer));
  assert.equal(addressOf(new DataView(buffer, 8)), start + 8n);
  assert.equal(addressOf(new Uint8Array(0)), 0n);
});

test('another system is told so, at the first call and not before', () => {
  const door = import.meta.url.replace('door.test', 'door');
  const script = `
    Object.defineProperty(process, 'platform', { value: 'plan9' });
    const { syscallResult } = await import('${door}');
    try { syscallResult('getpid'); } catch (error) { console.log(error.message); }`;
  const parameters = ['--input-type=module', '--eval', script];
  const { stdout } = spawnSync(process.execPath, parameters, { encoding: 'utf8' });
  assert.match(stdout, /found plan9 on \w+, expected linux on x64 or arm64/);
});

test('no other package imports the ffi library', () => {
  const packages = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
  const guilty: string[] = [];
  for (const name of readdirSync(packages)) {
    const manifest = JSON.parse(readFileSync(join(packages, name, 'package.json'), 'utf8'));
    if (name !== 'sys' && manifest.dependencies?.koffi) guilty.push(`${name}/package.json`);
    for (const file of sources(join(packages, name, 'src'))) {
      const text = readFileSync(file, 'utf8');
      const isDoor = name === 'sys' && /\/(door|door\.test)\.ts$/.test(file);
      if (!isDoor && /(from|import|require)[\s(]*'koffi'/.test(text)) guilty.push(file);
    }
  }
  assert.deepEqual(guilty, []);
});

function sources(directory: string): string[] {
  const files = readdirSync(directory, { recursive: true }) as string[];
  return files.filter((file) => file.endsWith('.ts')).map((file) => join(directory, file));
}
