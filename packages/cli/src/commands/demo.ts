/** `skep demo`, which `npm start` is: the main job, end to end. */
import { fileURLToPath } from 'node:url';
import { canUseBpf } from '@skep/bpf';
import { isAsExpected, type Lab, type ProbeResult, simulateLab } from '@skep/lab';
import type { Command } from 'commander';
import { pc } from '../colours.ts';
import { untilAborted } from '../interrupt.ts';
import { formatMatrix } from '../matrix.ts';
import { printJson } from '../output.ts';
import { bringUp, readLab, toProbeView } from './lab.ts';
import { formatFlow } from './observe.ts';

const SHOP = fileURLToPath(new URL('../../../../examples/labs/shop.yaml', import.meta.url));
/** Between two rounds of traffic while flows are shown. */
const ROUND_MILLISECONDS = 3000;

interface DemoOptions {
  readonly once?: boolean;
  readonly json?: boolean;
  readonly replace?: boolean;
}

/** Adds `skep demo`; where BPF is not permitted it runs the lab on the machine. */
export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .description('bring a small shop up, send real traffic, show every verdict')
    .argument('[file]', 'another lab (default: examples/labs/shop.yaml)')
    .option('--once', 'end after the matrix; exit status 0 only if all is as expected')
    .option('--json', 'print the matrix as JSON; ends as with --once')
    .option('--replace', 'take a lab of the name away first, whoever has brought it up')
    .addHelpText('after', '\nExample: skep demo --once')
    .action(demo);
}

async function demo(file = SHOP, options: DemoOptions = {}): Promise<void> {
  const reason = canUseBpf();
  if (reason !== undefined) return simulate(file, reason, options);
  const { lab, progress, signal } = await bringUp(file, options);
  try {
    progress?.step('sending real traffic');
    const results = await lab.probeAll();
    progress?.end('this is what the kernel let through');
    show(results, options);
    if (!options.once && !options.json) await stream(lab, signal);
  } finally {
    progress?.step('taking the lab away');
    await lab.down();
    progress?.end('nothing of it is left');
  }
}

/** Flows as they are seen, while the probes go on. */
async function stream(lab: Lab, signal: AbortSignal): Promise<void> {
  process.stdout.write(`\n${pc.bold('live flows')}, until Ctrl-C; in another terminal try\n`);
  process.stdout.write(
    `  npm run skep -- observe --verdict dropped -f --socket ${lab.socketPath}\n\n`,
  );
  const stop = await lab.agent.followFlows({}, (flow) => {
    process.stdout.write(`${formatFlow(flow)}\n`);
  });
  const interrupted = untilAborted(signal);
  while (!signal.aborted) {
    await lab.probeAll();
    const pause = new Promise((resolve) => setTimeout(resolve, ROUND_MILLISECONDS));
    await Promise.race([pause, interrupted]);
  }
  stop();
}

async function simulate(file: string, reason: string, options: DemoOptions): Promise<void> {
  const { spec, baseDirectory } = readLab(file);
  if (!options.json) {
    process.stdout.write(`${pc.yellow(`BPF cannot be used here: ${reason}`)}\n`);
    process.stdout.write('the same packets go through the same bytecode on the machine instead\n');
  }
  show(await simulateLab(spec, baseDirectory), options);
}

function show(results: readonly ProbeResult[], options: DemoOptions): void {
  if (options.json) {
    printJson(results.map(toProbeView));
  } else {
    process.stdout.write(formatMatrix(results));
  }
  if (!results.every(isAsExpected)) process.exitCode = 1;
}
