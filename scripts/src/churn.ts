/** `npm run test:churn`: the churn of the tests, long, with podman, and as one says. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runNode } from './child.ts';
import { projectRoot } from './project.ts';

const TEST = 'packages/cli/dist/cni/churn/churn.live.test.js';

/**
 * `npm run test:churn -- [--seed N] [--containers N] [--at-once N] [--podman SHARE]`.
 *
 * @returns 0 where no verdict was wrong and nothing is left
 */
export async function testChurn(parameters: string[]): Promise<number> {
  process.env.SKEP_CHURN = JSON.stringify(churnOptions(parameters));
  return await runNode(join(projectRoot, TEST), []);
}

/** As the test takes them; the seed is the clock's where none is given. */
export function churnOptions(parameters: string[]): Readonly<Record<string, number>> {
  const { values } = parseArgs({
    args: parameters,
    options: {
      seed: { type: 'string', default: String(Date.now() % 100_000) },
      containers: { type: 'string', default: '200' },
      'at-once': { type: 'string', default: '8' },
      podman: { type: 'string', default: '0.2' },
    },
  });
  const { seed, containers, 'at-once': atOnce, podman: podmanShare } = values;
  return Object.fromEntries(
    Object.entries({ seed, containers, atOnce, podmanShare }).map(([name, text]) => {
      return [name, Number(text)];
    }),
  );
}
