/** The project's commands: `npm run NAME` comes here by way of scripts/run.mjs, all built. */
import { join } from 'node:path';
import { bundlePlugin, compilePrograms, removeStale } from './build.ts';
import { check } from './check.ts';
import { runNode } from './child.ts';
import { testChurn } from './churn.ts';
import { runExample } from './example.ts';
import { testKernel } from './kernel-matrix/matrix.ts';
import { parts, projectRoot } from './project.ts';
import { test } from './test-run.ts';

type Command = (parameters: string[]) => number | Promise<number>;

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
  explain: (parameters) => runBuilt('packages/compiler/dist/explain/main.js', parameters),
};

/**
 * Runs one command on the built project.
 *
 * @returns the exit status.
 */
export async function main([name = '', ...parameters]: string[]): Promise<number> {
  const command = commands[name];
  if (!command) {
    return fail(`command '${name}': expected one of ${Object.keys(commands).join(', ')}`);
  }
  for (const part of parts()) removeStale(projectRoot, part);
  const status = await compilePrograms();
  await bundlePlugin();
  if (status !== 0) return fail(`build: kernel programs: exit status ${status}, expected 0`);
  try {
    return await command(parameters);
  } catch (error) {
    if (!isUsageError(error)) throw error;
    return fail(`${name}: ${error.message}`);
  }
}

/** An option that `parseArgs` of node:util does not know: the message says all. */
function isUsageError(error: unknown): error is Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return code.startsWith('ERR_PARSE_ARGS');
}

function runBuilt(file: string, parameters: readonly string[]): Promise<number> {
  return runNode(join(projectRoot, file), parameters);
}

function fail(message: string): number {
  console.error(`skep: ${message}`);
  return 1;
}
