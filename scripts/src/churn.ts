/** `npm run test:churn`: the churn of the tests, long, with podman, and as one says. */
import { join } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { runNode } from './child.ts';
import { commandLine, wholeNumber } from './command-line.ts';
import { projectRoot } from './project.ts';

const TEST = 'packages/cli/dist/cni/churn/churn.live.test.js';

/** @returns 0 where no verdict was wrong and nothing is left */
export async function testChurn(parameters: readonly string[]): Promise<number> {
  process.env.SKEP_CHURN = JSON.stringify(churnOptions(parameters));
  return await runNode(join(projectRoot, TEST), []);
}

/** How a churn goes, as its test takes it. */
interface ChurnOptions {
  readonly seed: number;
  readonly containers: number;
  readonly atOnce: number;
  readonly podman: number;
}

/** As the test takes them; the seed is the clock's where none is given. */
export function churnOptions(parameters: readonly string[]): Readonly<Record<string, number>> {
  const { podman, ...others } = commandLine('test:churn', 'containers come and go under kills')
    .option('--seed <n>', 'of all that is random', wholeNumber, Date.now() % 100_000)
    .option('--containers <n>', 'that are started and removed', wholeNumber, 200)
    .option('--at-once <n>', 'that are there at the same time', wholeNumber, 8)
    .option('--podman <share>', "by podman, from 0 to 1; the others by ctr's plugin", share, 0.2)
    .parse(parameters, { from: 'user' })
    .opts<ChurnOptions>();
  return { ...others, podmanShare: podman };
}

function share(text: string): number {
  const value = Number(text);
  if (text !== '' && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('Expected a number from 0 to 1.');
}
