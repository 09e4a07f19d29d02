/** How large each program may be, on each kernel: packages/datapath/budgets.json. */

/** A program as it was measured. */
export interface ProgramSize {
  readonly name: string;
  readonly instructions: number;
  /** Instructions that the verifier walked, all paths together; differs between kernels. */
  readonly verified: number;
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

/** What is above its budget, or has none, in a sentence each; empty where all is well. */
export function excesses(
  budgets: Budgets,
  kernel: string,
  sizes: readonly ProgramSize[],
): string[] {
  const gone = Object.keys(budgets).filter((name) => !sizes.some((size) => size.name === name));
  return [
    ...gone.map((name) => `${name}: has a budget, but there is no such program`),
    ...sizes.flatMap(({ name, instructions, verified }) => {
      const budget = budgets[name];
      return [
        ...excess(name, 'instructions', instructions, budget?.instructions),
        ...excess(name, `instructions verified on ${kernel}`, verified, budget?.verified[kernel]),
      ];
    }),
  ];
}

function excess(name: string, what: string, found: number, budget: number | undefined): string[] {
  if (budget === undefined) return [`${name}: ${found} ${what}, but no budget is recorded`];
  const most = Math.floor(budget * ROOM);
  return found > most ? [`${name}: ${found} ${what}, expected at most ${most}`] : [];
}

/** The budgets with what was found on one kernel in them, and without programs that are gone. */
export function withSizes(
  budgets: Budgets,
  kernel: string,
  sizes: readonly ProgramSize[],
): Budgets {
  const entries = sizes.map(({ name, instructions, verified }): [string, Budget] => {
    const kernels = Object.entries({ ...budgets[name]?.verified, [kernel]: verified });
    const sorted = kernels.sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }));
    return [name, { instructions, verified: Object.fromEntries(sorted) }];
  });
  return Object.fromEntries(entries);
}
