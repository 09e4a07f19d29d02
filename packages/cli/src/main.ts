#!/usr/bin/env node
/** skep, the command line. Exit status: 0 it worked, 1 it did not, 2 it was called wrongly. */
import { Command, CommanderError } from 'commander';
import pc from 'picocolors';
import { addAgentCommand } from './commands/agent.ts';
import { addDemoCommand } from './commands/demo.ts';
import { addExplainCommand } from './commands/explain.ts';
import { addLabCommands } from './commands/lab.ts';
import { addListCommands } from './commands/list.ts';
import { addObserveCommand } from './commands/observe.ts';
import { addPolicyCommands } from './commands/policy.ts';
import { addStatusCommand } from './commands/status.ts';

const USAGE = 2;

/** All commands; each file of `commands/` adds its own. */
export function makeProgram(): Command {
  const program = new Command('skep')
    .description('container traffic, connected and secured inside the kernel')
    .exitOverride();
  const add = [
    addAgentCommand,
    addLabCommands,
    addListCommands,
    addPolicyCommands,
    addObserveCommand,
    addExplainCommand,
    addStatusCommand,
    addDemoCommand,
  ];
  for (const each of add) each(program);
  for (const command of allCommands(program)) command.exitOverride();
  return program;
}

function allCommands(command: Command): Command[] {
  return command.commands.flatMap((each) => [each, ...allCommands(each)]);
}

try {
  await makeProgram().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : USAGE;
  } else {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${pc.red('error')}: ${message}\n`);
    process.exitCode = 1;
  }
}
