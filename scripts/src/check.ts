/** `npm run check`: types (tsc has run by then), format and lint, style. Seconds. */
import { join } from 'node:path';
import { runNode } from './child.ts';
import { commandLine } from './command-line.ts';
import { projectRoot } from './project.ts';
import { findingText } from './tidy/finding.ts';
import { tidy } from './tidy/tidy.ts';

/**
 * All checks run, also when an earlier one fails.
 *
 * @returns 0 where nothing was found; warnings of style are shown and pass.
 */
export async function check(words: readonly string[]): Promise<number> {
  const paths = commandLine('check', 'types, format, lint, and the style of the project')
    .argument('[path...]', 'only what is below these; default: the whole tree')
    .parse(words, { from: 'user' }).args;
  const biome = join(projectRoot, 'node_modules/@biomejs/biome/bin/biome');
  const colours = `--colors=${process.stdout.isTTY ? 'force' : 'off'}`;
  const parameters = ['ci', '--error-on-warnings', colours, ...paths];
  const status = await runNode(biome, parameters, projectRoot);
  const findings = tidy(projectRoot).filter(
    ({ file }) => paths.length === 0 || paths.some((path) => file.startsWith(path)),
  );
  for (const finding of findings) console.log(findingText(finding));
  const failures = findings.filter((finding) => !finding.isWarning).length;
  console.log(`tidy: ${failures} findings, ${findings.length - failures} warnings`);
  return status === 0 && failures === 0 ? 0 : 1;
}
