/** Child processes that behave as this one: same terminal, signals, exit status. */
import { spawn, type StdioOptions } from 'node:child_process';
import { constants } from 'node:os';
import { projectRoot } from './project.ts';

/**
 * Runs `node file ...parameters`, in the folder where npm was called unless another is given.
 *
 * Ctrl-C reaches the child from the terminal; this process waits for it to clean up. SIGTERM and
 * SIGHUP are passed on. When this process is killed, the child gets 'disconnect'.
 *
 * @returns its exit status; 128 + the signal's number where a signal ended it.
 */
export function runNode(
  file: string,
  parameters: readonly string[],
  cwd = process.env.INIT_CWD ?? projectRoot,
): Promise<number> {
  const stdio: StdioOptions = ['inherit', 'inherit', 'inherit', 'ipc'];
  const child = spawn(process.execPath, [file, ...parameters], { cwd, stdio });
  const wait = (): void => {};
  const passOn = (signal: NodeJS.Signals): void => {
    child.kill(signal);
  };
  process.on('SIGINT', wait).on('SIGTERM', passOn).on('SIGHUP', passOn);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (status, signal) => {
      process.off('SIGINT', wait).off('SIGTERM', passOn).off('SIGHUP', passOn);
      resolve(signal ? 128 + constants.signals[signal] : (status ?? 1));
    });
  });
}
