/** `skep lab up|down|list`. */
import { dirname } from 'node:path';
import { canUseBpf } from '@skep/bpf';
import {
  Lab,
  LabRecord,
  type LabSpec,
  listLabs,
  parseLab,
  type ProbeResult,
  readText,
} from '@skep/lab';
import type { Command } from 'commander';
import { formatMatrix } from '../matrix.ts';
import { CommandError, printJson, printList } from '../output.ts';
import { type Progress, showProgress } from '../progress.ts';
import { abortedByInterrupt, untilAborted } from '../interrupt.ts';

interface UpOptions {
  readonly json?: boolean;
  readonly replace?: boolean;
}

/** Adds `skep lab up`, `down` and `list`. */
export function addLabCommands(program: Command): void {
  const lab = program.command('lab').description('labs: endpoints in network namespaces');
  lab
    .command('up')
    .description('bring a lab up, probe it, and keep it until interrupted')
    .argument('<file>', 'what the lab is made of: YAML of kind Lab')
    .option('--replace', 'take a lab of the name away first, whoever has brought it up')
    .option('--json', 'print JSON once it is up: name, socket, verdicts')
    .addHelpText('after', '\nExample: skep lab up examples/labs/shop.yaml')
    .action(up);
  lab
    .command('down')
    .description('take a lab away, also one that a crash has left')
    .argument('<name>', 'as `skep lab list` shows it')
    .action(down);
  lab
    .command('list')
    .description('list labs that are up, or were left by a crash')
    .option('--json', 'print JSON')
    .action((options: { readonly json?: boolean }) => {
      printList(listLabs().map(viewOf), options.json ?? false, ['LAB', 'STATE'], (each) => [
        each.name,
        stateText(each),
      ]);
    });
}

interface LabView {
  readonly name: string;
  readonly isUp: boolean;
  /** Why its record cannot be read. */
  readonly damage?: string;
}

function viewOf(name: string): LabView {
  const { isOwned = false, damage } = LabRecord.read(name) ?? {};
  return { name, isUp: isOwned, ...(damage === undefined ? {} : { damage }) };
}

function stateText({ name, isUp, damage }: LabView): string {
  if (damage !== undefined) return `damaged: ${damage} (\`skep lab down ${name}\`)`;
  return isUp ? 'up' : 'left behind';
}

/** A lab file, read. @throws UnreadableFileError, PolicyDocumentError */
export function readLab(file: string): { readonly spec: LabSpec; readonly baseDirectory: string } {
  return { spec: parseLab(readText(file), file), baseDirectory: dirname(file) };
}

/** A result as JSON shows it. */
export function toProbeView({ exchange: _, ...result }: ProbeResult): object {
  return result;
}

/** A lab that is up, and what the command that brought it up goes on with. */
interface LabAtHand {
  readonly spec: LabSpec;
  readonly lab: Lab;
  /** None where JSON is printed. */
  readonly progress: Progress | undefined;
  /** Aborted by Ctrl-C, from the first step on. */
  readonly signal: AbortSignal;
}

/** Brings up the lab of a file; ended by Ctrl-C it leaves nothing. */
export async function bringUp(file: string, options: UpOptions): Promise<LabAtHand> {
  const { spec, baseDirectory } = readLab(file);
  const progress = options.json ? undefined : showProgress();
  const signal = abortedByInterrupt();
  const lab = await Lab.up(spec, {
    baseDirectory,
    signal,
    isReplacing: options.replace ?? false,
    onProgress: (text) => progress?.step(text),
  });
  return { spec, lab, progress, signal };
}

async function up(file: string, options: UpOptions): Promise<void> {
  const reason = canUseBpf();
  if (reason !== undefined) {
    const advice = `\`skep demo ${file}\` shows its verdicts without the kernel`;
    throw new CommandError(`bring up lab ${file}: ${reason}; ${advice}`);
  }
  const { spec, lab, progress, signal } = await bringUp(file, options);
  try {
    progress?.step('sending real traffic');
    const results = await lab.probeAll();
    progress?.end(`lab ${spec.name} is up`);
    if (options.json) {
      const verdicts = results.map(toProbeView);
      printJson({ name: spec.name, socket: lab.socketPath, verdicts });
    } else {
      process.stdout.write(formatMatrix(results));
      process.stdout.write(
        `\nask its agent, for example\n  skep status --socket ${lab.socketPath}\n`,
      );
      process.stdout.write('Ctrl-C takes it away\n');
    }
    await untilAborted(signal);
  } finally {
    await lab.down();
    progress?.end(`lab ${spec.name} is gone`);
  }
}

/** The process that brought it up takes it away; where there is none any more, this one does. */
async function down(name: string): Promise<void> {
  const record = LabRecord.read(name);
  if (!record)
    throw new CommandError(`take lab ${name} away: there is none (see \`skep lab list\`)`);
  await record.end();
  process.stdout.write(`lab ${name} is gone\n`);
}
