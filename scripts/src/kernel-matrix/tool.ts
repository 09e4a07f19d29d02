/** The programs that a virtual machine is made with; Debian's packages bring them. */
import { spawnSync } from 'node:child_process';

/** A program that is not there: says which package brings it. */
export class MissingToolError extends Error {
  constructor(tool: string, debianPackage: string) {
    super(`${tool}: not installed (apt-get install ${debianPackage})`);
    this.name = 'MissingToolError';
  }
}

/** Programs and the packages that bring them. */
export const debianPackageOf = {
  'apt-cache': 'apt',
  'apt-get': 'apt',
  'dpkg-deb': 'dpkg',
  busybox: 'busybox-static',
  depmod: 'kmod',
  gzip: 'gzip',
  lz4: 'lz4',
  nice: 'coreutils',
  'qemu-system-x86_64': 'qemu-system-x86',
  xz: 'xz-utils',
  zstd: 'zstd',
} as const;

/** One of them. */
export type Tool = keyof typeof debianPackageOf;

const OUTPUT_BYTES_MAX = 1 << 28;

/** With the folders that only root's PATH has; depmod is in one of them. */
export const toolEnvironment = {
  ...process.env,
  PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin`,
};

/**
 * Runs a program to its end.
 *
 * @returns what it printed
 * @throws MissingToolError; Error where its exit status is not 0
 */
export function runTool(
  tool: Tool,
  parameters: readonly string[],
  options: { readonly cwd?: string; readonly input?: Uint8Array } = {},
): Buffer {
  const { error, status, stdout, stderr } = spawnSync(tool, parameters, {
    ...options,
    env: toolEnvironment,
    maxBuffer: OUTPUT_BYTES_MAX,
  });
  if (error && 'code' in error && error.code === 'ENOENT') {
    throw new MissingToolError(tool, debianPackageOf[tool]);
  }
  if (error) throw error;
  if (status === 0) return stdout;
  throw new Error(`${tool} ${parameters.join(' ')}: exit status ${status}: ${stderr}`.trim());
}

/** Where a program is, absolute. @throws MissingToolError */
export function findTool(tool: Tool): string {
  const parameters = ['-c', 'command -v "$0"', tool];
  const { stdout } = spawnSync('/bin/sh', parameters, { env: toolEnvironment, encoding: 'utf8' });
  const path = stdout.trim();
  if (!path) throw new MissingToolError(tool, debianPackageOf[tool]);
  return path;
}
