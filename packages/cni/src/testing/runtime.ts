/** A container runtime's side of CNI: calls plugins as libcni does, one process each. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pluginText } from '../index.ts';
import type { CniResult } from '../result.ts';

/** A container's interface. */
export interface Attached {
  readonly containerId: string;
  readonly interfaceName?: string;
  /** Path; empty where the container has gone already. */
  readonly networkNamespace: string;
  readonly args?: string;
}

/** What a plugin answered. */
export interface Answer {
  readonly status: number | null;
  /** Standard output as JSON; absent where there was none. */
  readonly json?: CniResult & { readonly code?: number; readonly msg?: string };
}

/** Writes the plugin as an executable file. @returns its path */
export function writePlugin(folder: string): string {
  const path = join(folder, 'skep-cni');
  writeFileSync(path, pluginText(process.execPath));
  chmodSync(path, 0o755);
  return path;
}

/** The environment that a runtime gives; `PATH` has no node in it. */
export function environmentOf(command: string, attached: Partial<Attached>): NodeJS.ProcessEnv {
  const { containerId, interfaceName = 'eth0', networkNamespace, args } = attached;
  return {
    PATH: '/nowhere',
    CNI_COMMAND: command,
    CNI_PATH: '/nowhere',
    ...(containerId === undefined ? {} : { CNI_CONTAINERID: containerId }),
    ...(containerId === undefined ? {} : { CNI_IFNAME: interfaceName }),
    ...(networkNamespace === undefined ? {} : { CNI_NETNS: networkNamespace }),
    ...(args === undefined ? {} : { CNI_ARGS: args }),
  };
}

/** Calls a plugin once. @param killAfter milliseconds after which it is killed */
export async function callPlugin(
  plugin: string,
  command: string,
  attached: Partial<Attached>,
  config: object,
  killAfter?: number,
): Promise<Answer> {
  const child = spawn(plugin, { env: environmentOf(command, attached) });
  if (killAfter !== undefined) setTimeout(() => child.kill('SIGKILL'), killAfter);
  let output = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  child.stdin.on('error', () => {});
  child.stdin.end(JSON.stringify(config));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, ...(output ? { json: JSON.parse(output) } : {}) };
}
