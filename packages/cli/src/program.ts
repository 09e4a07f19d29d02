/** All commands of skep, and what becomes of what they throw. */
import { VERSION } from '@skep/agent';
import { Command, CommanderError } from 'commander';
import { pc } from './colours.ts';
import { addAgentCommand } from './commands/agent.ts';
import { addCniCommands } from './commands/cni.ts';
import { addDemoCommand } from './commands/demo.ts';
import { addExplainCommand } from './commands/explain.ts';
import { addFilterCommands } from './commands/filter.ts';
import { addInstallCommand } from './commands/install.ts';
import { addLabCommands } from './commands/lab.ts';
import { addListCommands } from './commands/list.ts';
import { addNatCommand } from './commands/nat.ts';
import { addObserveCommand } from './commands/observe.ts';
import { addPolicyCommands } from './commands/policy.ts';
import { addStatusCommand } from './commands/status.ts';
import { addSysdumpCommand } from './commands/sysdump.ts';
import { addUninstallCommand } from './commands/uninstall.ts';

/** Exit status 0: it worked. */
const FAILED = 1;
const CALLED_WRONGLY = 2;

const HELP = `
Exit status: 0 it worked and is as expected, 1 it did not or is not, 2 skep was
called wrongly.

Examples:
  skep demo                                 a small shop and its real traffic
  skep policy test FILE                     unit tests for policies; no rights
  skep observe --verdict dropped --follow   what is dropped here, and why`;

/** All commands; each file of `commands/` adds its own. None of them ends the process. */
export function makeProgram(): Command {
  const program = new Command('skep')
    .description('container traffic, connected and secured inside the kernel')
    .version(VERSION, '-V, --version', 'print the version')
    // Descriptions beside long names are wrapped all the same; those added later inherit it.
    .configureHelp({ minWidthToWrap: 20 })
    .addHelpText('after', HELP);
  const add = [
    addDemoCommand,
    addLabCommands,
    addPolicyCommands,
    addObserveCommand,
    addExplainCommand,
    addFilterCommands,
    addStatusCommand,
    addSysdumpCommand,
    addListCommands,
    addNatCommand,
    addAgentCommand,
    addCniCommands,
    addInstallCommand,
    addUninstallCommand,
  ];
  for (const each of add) each(program);
  for (const command of [program, ...allCommands(program)]) {
    command.exitOverride().showHelpAfterError(`(see \`${fullName(command)} --help\`)`);
  }
  return program;
}

function fullName(command: Command): string {
  return command.parent ? `${fullName(command.parent)} ${command.name()}` : command.name();
}

/** A command and, recursively, those below it; without the command itself. */
export function allCommands(command: Command): Command[] {
  return command.commands.flatMap((each) => [each, ...allCommands(each)]);
}

/** Runs one command line. @returns the exit status; errors are told on standard error */
export async function run(words: readonly string[]): Promise<number> {
  try {
    await makeProgram().parseAsync(words, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : CALLED_WRONGLY;
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${pc.red('error')}: ${message}\n`);
    return FAILED;
  }
}
