/** What of a lab is on the machine. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LABS_DIRECTORY } from '@skep/lab';

const NAMESPACES = '/run/netns';

/** Its namespaces, its mounts, its folder; empty where nothing of it is there. */
export function labTraces(lab: string): string[] {
  const namespaces = existsSync(NAMESPACES) ? readdirSync(NAMESPACES) : [];
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return [
    ...namespaces.filter((name) => name.startsWith(`skep-${lab}-`)),
    ...mounts.filter((line) => line.includes(`${LABS_DIRECTORY}/${lab}/`)),
    ...(existsSync(join(LABS_DIRECTORY, lab)) ? ['its folder'] : []),
  ];
}
