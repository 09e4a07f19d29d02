/** What those who install the plugin need of it. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The name of the plugin's file, which network configurations call its type. */
export const PLUGIN_TYPE = 'skep-cni';

/** One file of JavaScript that needs nothing but Node; made by the build. */
const BUNDLE = fileURLToPath(new URL('./skep-cni.cjs', import.meta.url));

/**
 * What the plugin's file is to hold.
 *
 * @param nodePath absolute: container runtimes call plugins with a `PATH` of their own
 */
export function pluginText(nodePath: string): string {
  return `#!${nodePath}\n${readFileSync(BUNDLE, 'utf8')}`;
}

export * from './versions.ts';
