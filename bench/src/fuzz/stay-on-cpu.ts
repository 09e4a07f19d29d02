/** Keeps this process on one CPU. */
import { spawnSync } from 'node:child_process';

/**
 * Binds the main thread to the CPU of a number, or to the first that it may use.
 *
 * @returns the CPU
 * @throws Error without taskset of util-linux
 */
export function stayOnCpu(wanted = Number(process.env.SKEP_FUZZ_CPU ?? 0)): number {
  const parameters = ['--cpu-list', '--pid', `${wanted}`, `${process.pid}`];
  const { status, stderr, error } = spawnSync('taskset', parameters, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`taskset ${parameters.join(' ')}: ${error?.message ?? stderr}`);
  return wanted;
}
