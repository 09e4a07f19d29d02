/** How large each program may be, on each kernel: packages/datapath/budgets.json. */

/** A program as it was measured. */
export interface ProgramSize {
  readonly name: string;
  readonly instructions: number;
  /**
   * Instructions that the verifier walked, all paths together; differs between kernels. Absent
   * where the kernel takes no programs of this kind.
   */
  readonly verified?: number;
  /** Whether there are kernels that take it, and others of the same number that do not. */
  readonly isAtFunction?: true;
}

/** What is recorded of a program. */
export interface Budget {
  readonly instructions: number;
  /** By the kernel's first two numbers: `6.1`. */
  readonly verified: Readonly<Record<string, number>>;
}

/** By the name of the program. */
export type Budgets = Readonly<Record<string, Budget>>;

/** A tenth above what is recorded is still within the budget. */
const ROOM = 1.1;

/** `6.1.0-56-amd64` is a 6.1. */
export function kernelOf(release: string): string {
  return release.split('.', 2).join('.');
}

/** Whether something is recorded for this kernel at all. */
export function isRecorded(budgets: Budgets, kernel: string): boolean {
  return Object.values(budgets).some(({ verified }) => verified[kernel] !== undefined);
}

/**
 * What is above its budget, or has none, in a sentence each; empty where all is well.
 *
 * @param names of all programs, also those that this kernel cannot take
 */
export function excesses(
  budgets: Budgets,
  kernel: string,
  sizes: readonly ProgramSize[],
  names: readonly string[] = sizes.map(({ name }) => name),
): string[] {
  const gone = Object.keys(budgets).filter((name) => !names.includes(name));
  return [
    ...gone.map((name) => `${name}: has a budget, but there is no such program`),
    ...sizes.flatMap(({ name, instructions, verified, isAtFunction }) => {
      const budget = budgets[name];
      const walked = budget?.verified[kernel];
      const lines = excess(name, 'instructions', instructions, budget?.instructions);
      const mayBeOpen = isAtFunction && budget !== undefined && walked === undefined;
      if (verified === undefined || mayBeOpen) return lines;
      return [...lines, ...excess(name, `instructions verified on ${kernel}`, verified, walked)];
    }),
  ];
}

function excess(name: string, what: string, found: number, budget: number | undefined): string[] {
  if (budget === undefined) return [`${name}: ${found} ${what}, but no budget is recorded`];
  const most = Math.floor(budget * ROOM);
  return found > most ? [`${name}: ${found} ${what}, expected at most ${most}`] : [];
}

/**
 * The budgets with what was found on one kernel in them, and without programs that are gone.
 *
 * @param names of all programs, also those that this kernel cannot take
 */
export function withSizes(
  budgets: Budgets,
  kernel: string,
  sizes: readonly ProgramSize[],
  names: readonly string[] = sizes.map(({ name }) => name),
): Budgets {
  const entries = names.flatMap((name): [string, Budget][] => {
    const size = sizes.find((each) => each.name === name);
    const before = budgets[name];
    if (!size) return before ? [[name, before]] : [];
    const found = size.verified === undefined ? {} : { [kernel]: size.verified };
    const kernels = Object.entries({ ...before?.verified, ...found });
    const sorted = kernels.sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }));
    return [[name, { instructions: size.instructions, verified: Object.fromEntries(sorted) }]];
  });
  return Object.fromEntries(entries);
}
