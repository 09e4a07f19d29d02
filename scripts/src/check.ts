/** `npm run check`: types (tsc has run by then), format and lint, style. Seconds. */
import { join } from 'node:path';
import { runNode } from './child.ts';
import { projectRoot } from './project.ts';

/**
 * Checks the whole tree; all checks run, also when an earlier one fails.
 *
 * @returns 0 where nothing was found.
 */
export async function check(): Promise<number> {
  const biome = join(projectRoot, 'node_modules/@biomejs/biome/bin/biome');
  const colours = `--colors=${process.stdout.isTTY ? 'force' : 'off'}`;
  const format = await runNode(biome, ['ci', '--error-on-warnings', colours], projectRoot);
  return format === 0 ? 0 : 1;
}
