/** `skep uninstall`: the machine as it was before. */
import { existsSync, lstatSync, realpathSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import {
  Agent,
  AgentError,
  forceRemoval,
  hasTraces,
  type PlacesView,
  removeIfEmpty,
} from '@skep/agent';
import { Command } from 'commander';
import { parsePath, withAgent } from '../asking.ts';
import { networksOf, type PluginFolders, uninstallPlugin } from '../cni/plugin-files.ts';
import { CommandError } from '../output.ts';
import { UNIT_DIRECTORY, UNIT_NAME, unitCommand } from '../systemd-unit.ts';
import { agentOptions, PLACES, type PlaceOptions, withPlaces } from './agent.ts';
import { withFolders } from './cni.ts';
import { removeUnit, stopUnit } from './install.ts';

interface UninstallOptions extends PlaceOptions, PluginFolders {
  readonly yes?: boolean;
  readonly force?: boolean;
  readonly units: string;
}

/** What an agent that nobody can ask fails with. */
const UNREACHABLE: ReadonlySet<string> = new Set(['ENOENT', 'ECONNREFUSED']);

/** What somebody else has is not taken by force either. */
const NOT_FORCED: ReadonlySet<string | undefined> = new Set([
  'ERR_AGENT_RUNNING',
  'ERR_OTHER_INSTALLATION',
]);

/** Adds `skep uninstall`. */
export function addUninstallCommand(program: Command): void {
  const command = withFolders(withPlaces(program.command('uninstall')));
  command
    .description('take away all that the agent has made on this machine, also when it is dead')
    .option('--yes', 'do not ask')
    .option('--force', 'find things by their marks, where no agent can be started on them')
    .option('--units <directory>', 'where `skep install` wrote the unit', parsePath, UNIT_DIRECTORY)
    .addHelpText(
      'after',
      `
Endpoints lose their interfaces, policies are forgotten, forwarding is put back.
Where there is a unit, its options say where the agent is. The networks that
\`skep cni install\` has written for the agent go too, and the plugin with the
last one. Labs and their agents are taken away by \`skep lab down\`.`,
    )
    .action((options: UninstallOptions) => uninstall(options, command));
}

async function uninstall(given: UninstallOptions, command: Command): Promise<void> {
  const { options, isOfUnit } = withUnit(given, command);
  const endpoints = await askForEndpoints(options);
  if (endpoints) await refuseOtherPlaces(options, command);
  const hasAgent = endpoints !== undefined || hasTraces(agentOptions(options));
  if (hasAgent) await confirm(options, endpoints);
  // By systemd it would be started again while it goes.
  if (isOfUnit) stopUnit(options.units);
  if (hasAgent) await removeAgent(options);
  removeSocket(options.socket);
  const done = [
    ...(hasAgent ? ['the agent and all that it made'] : []),
    ...(isOfUnit && removeUnit(options.units) ? ['its unit'] : []),
    ...networksOf(options, options.socket).flatMap((name) => uninstallPlugin(options, name)),
  ];
  process.stdout.write(done.length > 0 ? `gone: ${done.join(', ')}\n` : 'nothing was there\n');
}

/** With the places of the unit's agent, unless others are given: then the unit is another's. */
function withUnit(
  given: UninstallOptions,
  command: Command,
): { readonly options: UninstallOptions; readonly isOfUnit: boolean } {
  const places = unitPlaces(given.units);
  if (!places) return { options: given, isOfUnit: false };
  const options = { ...given };
  for (const name of PLACES) {
    const isGiven = command.getOptionValueSource(name) === 'cli';
    if (!isGiven) Object.assign(options, { [name]: places[name] });
  }
  const other = PLACES.find((name) => options[name] !== places[name]);
  if (other === undefined) return { options, isOfUnit: true };
  const unit = join(given.units, UNIT_NAME);
  process.stdout.write(`left: ${unit}, whose agent has --${other} ${places[other] ?? 'no'}\n`);
  return { options: given, isOfUnit: false };
}

/**
 * An agent that answers, but keeps things elsewhere than was said, is not the one that is meant.
 *
 * @throws CommandError
 */
async function refuseOtherPlaces(options: UninstallOptions, command: Command): Promise<void> {
  const { places } = (await withAgent(options, (agent) => agent.status())).node;
  if (!places) return;
  for (const name of ['state', 'bpffs', 'namespace'] as const) {
    const given = options[name];
    const isGiven = command.getOptionValueSource(name) === 'cli';
    if (!isGiven || given === undefined || isPlace(name, given, places[name])) continue;
    const found = `the agent at ${options.socket} has --${name} ${places[name]}, not ${given}`;
    throw new CommandError(`uninstall: ${found} (name its places, or the socket of another)`);
  }
}

function isPlace(name: keyof PlacesView, given: string, place: string): boolean {
  if (name !== 'namespace') return realPath(given) === realPath(place);
  return `net:[${statSync(given, { throwIfNoEntry: false })?.ino}]` === place;
}

function realPath(path: string): string {
  return existsSync(path) ? realpathSync(path) : resolve(path);
}

/** Where the agent of our unit keeps things. */
function unitPlaces(directory: string): PlaceOptions | undefined {
  const words = unitCommand(directory);
  if (!words) return undefined;
  const [, , , ...agent] = words;
  const command = withPlaces(new Command()).allowUnknownOption().allowExcessArguments();
  return command.parse(agent, { from: 'user' }).opts<PlaceOptions>();
}

async function removeAgent(options: UninstallOptions): Promise<void> {
  // It may have ended with its unit.
  const isDead = (await askForEndpoints(options)) === undefined;
  if (isDead) await removeDead(options);
  else await withAgent(options, (agent) => agent.uninstall());
}

/** Names of the endpoints; `undefined` where no agent answers. @throws AgentError */
async function askForEndpoints(options: UninstallOptions): Promise<string[] | undefined> {
  try {
    const endpoints = await withAgent(options, (agent) => agent.listEndpoints());
    return endpoints.map(({ namespace, name }) => `${namespace}/${name}`);
  } catch (error) {
    if (error instanceof AgentError && UNREACHABLE.has(error.code)) return undefined;
    throw error;
  }
}

/** @throws CommandError unless somebody says yes */
async function confirm(options: UninstallOptions, endpoints: string[] | undefined): Promise<void> {
  if (options.yes) return;
  if (!process.stdin.isTTY) {
    throw new CommandError('uninstall: nobody to ask (say --yes where you are sure)');
  }
  const whom = endpoints?.length ? ` of ${endpoints.join(', ')}` : '';
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const answer = await terminal.question(`This ends all traffic${whom}. Go on? [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError('uninstall: not confirmed');
  } finally {
    terminal.close();
  }
}

/** Of an agent that was killed, and the folder that it was in. */
function removeSocket(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) rmSync(path, { force: true });
  removeIfEmpty(dirname(path));
}

/** By an agent that is started for it, or by force. @throws CommandError */
async function removeDead(options: UninstallOptions): Promise<void> {
  const places = agentOptions(options);
  if (options.force) {
    for (const left of forceRemoval(places)) process.stdout.write(`left: ${left}\n`);
    return;
  }
  let agent: Agent;
  try {
    agent = Agent.start(places);
  } catch (error) {
    const { code, message } = error as Error & { readonly code?: string };
    if (NOT_FORCED.has(code)) throw error;
    throw new CommandError(`uninstall: ${message} (or say --force)`, { cause: error });
  }
  await agent.uninstall();
}
