/** The project's commands: `npm run NAME` comes here by way of scripts/run.mjs, all built. */
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { bundlePlugin, compilePrograms, removeStale } from './build.ts';
import { check } from './check.ts';
import { runNode } from './child.ts';
import { testChurn } from './churn.ts';
import { runExample } from './example.ts';
import { runExplain } from './explain.ts';
import { testKernel } from './kernel-matrix/matrix.ts';
import { parts, projectRoot } from './project.ts';
import { test } from './test-run.ts';

type Command = (parameters: readonly string[]) => number | Promise<number>;

const commands: Readonly<Record<string, Command>> = {
  build: () => 0,
  start: (parameters) => runBuilt('packages/cli/dist/main.js', ['demo', ...parameters]),
  test,
  'test:kernel': testKernel,
  'test:churn': testChurn,
  check,
  bench: (parameters) => runBuilt('bench/dist/main.js', parameters),
  fuzz: (parameters) => runBuilt('bench/dist/fuzz/main.js', parameters),
  example: (parameters) => runExample(projectRoot, parameters),
  skep: (parameters) => runBuilt('packages/cli/dist/main.js', parameters),
  explain: runExplain,
};

/**
 * Runs one command on the built project.
 *
 * @param onBuilt is called when nothing more is built
 * @returns the exit status.
 */
export async function main(
  [name = '', ...parameters]: string[],
  onBuilt: () => void,
): Promise<number> {
  const command = commands[name];
  if (!command) {
    return fail(`command '${name}': expected one of ${Object.keys(commands).join(', ')}`);
  }
  for (const part of parts()) removeStale(projectRoot, part);
  const status = await compilePrograms();
  await bundlePlugin();
  onBuilt();
  if (status !== 0) return fail(`build: kernel programs: exit status ${status}, expected 0`);
  try {
    return await command(parameters);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    throw error;
  }
}

function runBuilt(file: string, parameters: readonly string[]): Promise<number> {
  return runNode(join(projectRoot, file), parameters);
}

function fail(message: string): number {
  console.error(`skep: ${message}`);
  return 1;
}
