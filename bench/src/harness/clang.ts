/** The C side of a comparison: compiled when the benchmark runs, by whatever clang there is. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const sources = join(import.meta.dirname, '../../../bench/c');

/** Its version line, `undefined` where it is not installed. */
export function clangVersion(): string | undefined {
  const { status, stdout } = spawnSync('clang', ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.split('\n')[0] : undefined;
}

/**
 * Compiles bench/c/`name`.c as a release would be.
 *
 * @returns the object file's bytes
 * @throws Error with clang's message
 */
export function compileC(name: string): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'skep-bench-'));
  try {
    const object = join(folder, `${name}.o`);
    clang(name, ['-target', 'bpf', '-mcpu=v3', '-c'], object);
    return readFileSync(object);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Makes a program of this machine from bench/c/`name`.c. @throws Error with clang's message */
export function buildC(name: string, executable: string): void {
  clang(name, [], executable);
}

function clang(name: string, flags: readonly string[], output: string): void {
  const source = join(sources, `${name}.c`);
  const parameters = ['-O2', '-Wall', '-Werror', ...flags, source, '-o', output];
  const { status, stderr, error } = spawnSync('clang', parameters, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`clang ${name}.c: ${error?.message ?? stderr}`);
}
