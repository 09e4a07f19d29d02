/** One call of the plugin: environment and standard input in, standard output and status out. */
import { CniError, CniErrorCode } from './cni-error.ts';
import { commandOf } from './commands.ts';
import { readEnvironment } from './environment.ts';
import { readNetworkConfig } from './network-config.ts';
import { NEWEST_VERSION, SUPPORTED_VERSIONS } from './versions.ts';

/** How a call ended. */
export interface PluginRun {
  readonly status: 0 | 1;
  /** JSON for standard output; empty where there is nothing to say. */
  readonly output: string;
}

/** @param readInput gives standard input, which not every command has */
export async function runPlugin(
  variables: NodeJS.ProcessEnv,
  readInput: () => string,
): Promise<PluginRun> {
  let text = '';
  try {
    text = readInput();
    if (variables.CNI_COMMAND === 'VERSION') return success(versions(text));
    const environment = readEnvironment(variables);
    const isStrict = environment.command !== 'DEL' && environment.command !== 'GC';
    const config = readNetworkConfig(text, isStrict);
    return success(await commandOf(environment, config)(environment, config));
  } catch (error) {
    return failure(error, versionIn(text));
  }
}

function versions(text: string): object {
  return { cniVersion: versionIn(text), supportedVersions: SUPPORTED_VERSIONS };
}

/** The version that the runtime speaks, also where the rest of its input is no good. */
function versionIn(text: string): string {
  try {
    const { cniVersion } = JSON.parse(text) as { cniVersion?: unknown };
    return typeof cniVersion === 'string' ? cniVersion : NEWEST_VERSION;
  } catch {
    return NEWEST_VERSION;
  }
}

function success(result: unknown): PluginRun {
  return { status: 0, output: result === undefined ? '' : `${JSON.stringify(result)}\n` };
}

function failure(error: unknown, cniVersion: string): PluginRun {
  const { code, message, details } = error instanceof CniError ? error : unforeseen(error);
  const view = { cniVersion, code, msg: message, ...(details ? { details } : {}) };
  return { status: 1, output: `${JSON.stringify(view)}\n` };
}

function unforeseen(error: unknown): CniError {
  return new CniError(CniErrorCode.InputOutput, String(error), (error as Error).stack);
}
