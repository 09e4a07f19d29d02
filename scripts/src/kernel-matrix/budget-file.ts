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

/** What was measured on a kernel, and what is to be done with it. */
export interface BudgetCheck {
  /** All programs, also those that this kernel cannot take. */
  readonly programs: readonly { readonly name: string }[];
  readonly sizes: readonly ProgramSize[];
  /** Record the sizes first, instead of comparing them with what was. */
  readonly isUpdate: boolean;
}

/**
 * Compares sizes with what is recorded.
 *
 * @param release of the kernel that they were measured on
 * @returns what is above its budget, a sentence each
 */
export function checkBudgets(
  release: string,
  { programs, sizes, isUpdate }: BudgetCheck,
): string[] {
  const kernel = kernelOf(release);
  const names = programs.map(({ name }) => name);
  if (isUpdate) {
    const budgets = withSizes(readBudgets(), kernel, sizes, names);
    writeFileSync(FILE, `${JSON.stringify(budgets, null, 2)}\n`);
  }
  return excesses(readBudgets(), kernel, sizes, names);
}
