/** The file of budgets, read and written. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot, readJson } from '../project.ts';
import { type Budgets, excesses, kernelOf, type ProgramSize, withSizes } from './budgets.ts';

const FILE = join(projectRoot, 'packages/datapath/budgets.json');

/** What is recorded. */
export function readBudgets(): Budgets {
  return readJson<Budgets>(FILE);
}

/**
 * Compares sizes with what is recorded; with `isUpdate` records them first.
 *
 * @param release of the kernel that they were measured on
 * @returns what is above its budget, a sentence each
 */
export function checkBudgets(
  release: string,
  sizes: readonly ProgramSize[],
  isUpdate: boolean,
): string[] {
  const kernel = kernelOf(release);
  if (isUpdate) {
    writeFileSync(FILE, `${JSON.stringify(withSizes(readBudgets(), kernel, sizes), null, 2)}\n`);
  }
  return excesses(readBudgets(), kernel, sizes);
}
