/** `npm run example -- NAME ...`; without a name, the list. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runNode } from './child.ts';
import { filesUnder } from './project.ts';

/** Runs the example that the first word names. @returns the exit status */
export function runExample(
  root: string,
  [name, ...parameters]: readonly string[],
): number | Promise<number> {
  const names = exampleNames(root);
  if (name === undefined || name === '--help' || name === '-h') {
    process.stdout.write(exampleList(root));
    return 0;
  }
  if (names.includes(name)) return runNode(join(root, `examples/dist/${name}.js`), parameters);
  process.stderr.write(`skep: example '${name}': expected one of ${names.join(', ')}\n`);
  return 1;
}

/** Each example with what its first comment says that it shows, and how to run one. */
export function exampleList(root: string): string {
  const lines = exampleNames(root).map((name) => {
    const text = readFileSync(join(root, `examples/src/${name}.ts`), 'utf8');
    const shows = /^ \* Shows: ([^.]*)/m.exec(text)?.[1] ?? '';
    return `${name}\n${indented(shows.replace(/\s*\n \*\s*/g, ' '))}\n`;
  });
  return `${lines.join('')}\nnpm run example -- NAME runs one\n`;
}

/** Lines of at most 80 columns, two of them blank. */
function indented(text: string): string {
  return (text.match(/\S.{0,77}(?=\s|$)/g) ?? []).map((line) => `  ${line}`).join('\n');
}

function exampleNames(root: string): string[] {
  return filesUnder(join(root, 'examples/src'))
    .filter((file) => /^[\w-]+\.ts$/.test(file))
    .map((file) => file.slice(0, -'.ts'.length));
}
