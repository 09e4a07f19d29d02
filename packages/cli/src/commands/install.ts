/** `skep install`: the agent as a service of systemd. `skep uninstall` takes it away. */
import { execFileSync } from 'node:child_process';
import { existsSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MonitoringAddress, PortRange } from '@skep/agent';
import { canUseBpf } from '@skep/bpf';
import { formatAddressPort } from '@skep/wire';
import type { Command } from 'commander';
import { parsePath } from '../asking.ts';
import { CommandError } from '../output.ts';
import { findUnit, UNIT_DIRECTORY, UNIT_NAME, unitText } from '../systemd-unit.ts';
import { type AgentCommandOptions, daemonOptions, withPlaces, withWork } from './agent.ts';

interface InstallOptions extends AgentCommandOptions {
  readonly units: string;
  readonly print?: boolean;
}

/** Those that are not the agent's. */
const OWN_OPTIONS: ReadonlySet<string> = new Set<keyof InstallOptions>(['units', 'print']);

/** What the value of an option can be. */
type OptionValue = string | readonly string[] | boolean | MonitoringAddress | PortRange;

/** Adds `skep install`. */
export function addInstallCommand(program: Command): void {
  const command = program.command('install');
  withWork(withPlaces(command))
    .description('let systemd run the agent, now and after each boot')
    .option('--units <directory>', 'where the unit is written', parsePath, UNIT_DIRECTORY)
    .option('--print', 'only print the unit')
    .addHelpText('after', '\nExample: skep install --metrics 127.0.0.1:9962')
    .action((options: InstallOptions) => install(options, command));
}

/** @throws CommandError; CommanderError for what the agent would not start with */
function install(options: InstallOptions, command: Command): void {
  daemonOptions(options, command);
  const skep = realpathSync(process.argv[1]!);
  const text = unitText([process.execPath, skep, 'agent', ...agentWords(command)]);
  if (options.print) {
    process.stdout.write(text);
    return;
  }
  const reason = canUseBpf();
  if (reason !== undefined) throw new CommandError(`install agent: ${reason}`);
  writeUnit(options.units, text);
  process.stdout.write(`wrote ${join(options.units, UNIT_NAME)}\n`);
  if (!isSeen(options.units)) {
    process.stdout.write(`systemd does not see it here: start it by systemctl enable --now\n`);
    return;
  }
  systemctl('daemon-reload');
  systemctl('enable', UNIT_NAME);
  systemctl('restart', UNIT_NAME);
  process.stdout.write('the agent runs (see `skep status`)\n');
}

/** Whole or not at all. @throws CommandError where somebody else's unit of the name is */
function writeUnit(directory: string, text: string): void {
  const path = join(directory, UNIT_NAME);
  if (findUnit(directory) === 'other') {
    throw new CommandError(`write ${path}: somebody else has made it (move it away first)`);
  }
  writeFileSync(`${path}.new`, text, { mode: 0o644 });
  renameSync(`${path}.new`, path);
}

/**
 * Ends the service, so that systemd does not start an agent again that is to go. Datapath and
 * endpoints stay.
 *
 * @throws CommandError
 */
export function stopUnit(directory: string): void {
  if (findUnit(directory) !== 'ours' || !isSeen(directory)) return;
  systemctl('stop', UNIT_NAME);
}

/**
 * Takes the unit away that {@link addInstallCommand} has written; one of somebody else stays.
 *
 * @returns whether there was one
 */
export function removeUnit(directory = UNIT_DIRECTORY): boolean {
  if (findUnit(directory) !== 'ours') return false;
  const isKnown = isSeen(directory);
  if (isKnown) systemctl('disable', '--now', UNIT_NAME);
  rmSync(join(directory, UNIT_NAME));
  if (isKnown) systemctl('daemon-reload');
  return true;
}

/** Whether systemd runs, and looks there for units. */
function isSeen(directory: string): boolean {
  return directory === UNIT_DIRECTORY && isSystemdRunning();
}

/** The agent's options that were given, as the unit is to give them to it. */
function agentWords(command: Command): string[] {
  return command.options.flatMap((option) => {
    const name = option.attributeName();
    const isGiven = command.getOptionValueSource(name) === 'cli';
    if (!isGiven || OWN_OPTIONS.has(name)) return [];
    return [option.long!, ...wordsOf(command.getOptionValue(name))];
  });
}

/** An option's value as it was written. */
function wordsOf(value: OptionValue): string[] {
  if (typeof value === 'boolean') return [];
  if (typeof value === 'string') return [value];
  if ('host' in value) return [formatAddressPort(value.host, value.port)];
  return 'first' in value ? [`${value.first}-${value.last}`] : [...value];
}

/** @source sd_booted(3) */
function isSystemdRunning(): boolean {
  return existsSync('/run/systemd/system');
}

/** @throws CommandError with what it says */
function systemctl(...words: readonly string[]): void {
  try {
    execFileSync('systemctl', words, { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    const { stderr, message } = error as Error & { readonly stderr?: Buffer };
    const said = stderr?.toString().trim() || message;
    throw new CommandError(
      `systemctl ${words.join(' ')}: ${said} (see journalctl -u ${UNIT_NAME})`,
    );
  }
}
