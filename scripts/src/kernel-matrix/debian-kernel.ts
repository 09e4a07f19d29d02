/** Debian's kernels: which packages hold them, and a package's files without installing it. */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './temporary-folder.ts';
import { MissingToolError, runTool } from './tool.ts';

/** A kernel that apt does not know, or cannot bring. */
export class NoKernelError extends Error {
  constructor(subject: string, detail: string, advice: string, options: ErrorOptions = {}) {
    super(`${subject}: ${detail} (${advice})`, options);
    this.name = 'NoKernelError';
  }
}

/**
 * The newest package of a kernel among names as Debian lists them; kernels for clouds lack the
 * file system that the guest's root comes by, kernels for real time are other kernels.
 *
 * @param version two numbers: `6.1`
 */
export function newestPackage(names: readonly string[], version: string): string | undefined {
  const escaped = version.replaceAll('.', '\\.');
  const pattern = new RegExp(`^linux-image-${escaped}\\.\\d[\\w.+-]*-amd64$`);
  const kernels = names.filter((name) => pattern.test(name) && !/-(cloud|rt)-/.test(name));
  return kernels.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
}

/**
 * The newest package that apt knows.
 *
 * @param architecture of this machine, as node calls it
 * @throws MissingToolError; NoKernelError
 */
export function findPackage(version: string, architecture: string = process.arch): string {
  if (architecture !== 'x64') {
    const detail = `this machine is ${architecture}, expected x64`;
    throw new NoKernelError(`kernel ${version}`, detail, "the guest runs the host's own files");
  }
  const names = runTool('apt-cache', ['pkgnames', `linux-image-${version}.`]).toString();
  const found = newestPackage(names.split('\n'), version);
  if (found) return found;
  const detail = `apt knows no package linux-image-${version}.*-amd64, expected one`;
  const advice = 'is `apt-get update` done, and has one of its sources this kernel?';
  throw new NoKernelError(`kernel ${version}`, detail, advice);
}

/**
 * Downloads a package by the machine's own sources and unpacks its files into `directory`.
 *
 * @throws MissingToolError; NoKernelError
 */
export function unpackPackage(name: string, directory: string): void {
  mkdirSync(directory, { recursive: true });
  const downloads = temporaryFolder(join(directory, '.download-'));
  try {
    runTool('dpkg-deb', ['-x', join(downloads.path, download(name, downloads.path)), directory]);
  } finally {
    downloads.remove();
  }
}

function download(name: string, directory: string): string {
  try {
    // As who runs this: apt's own user may not write here.
    runTool('apt-get', ['-qq', '-o', 'APT::Sandbox::User=', 'download', name], { cwd: directory });
  } catch (cause) {
    if (cause instanceof MissingToolError || !(cause instanceof Error)) throw cause;
    throw new NoKernelError(`package ${name}`, cause.message, 'is `apt-get update` done?', {
      cause,
    });
  }
  const [file] = readdirSync(directory);
  if (file) return file;
  throw new NoKernelError(`package ${name}`, 'apt-get brought no file', 'is there room for it?');
}
