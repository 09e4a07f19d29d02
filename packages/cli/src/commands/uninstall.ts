/** `skep uninstall`: the machine as it was before. */
import { lstatSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { Agent, AgentError, forceRemoval, hasTraces, removeIfEmpty } from '@skep/agent';
import type { Command } from 'commander';
import { withAgent } from '../asking.ts';
import { CommandError } from '../output.ts';
import { UNIT_DIRECTORY } from '../systemd-unit.ts';
import { agentOptions, type PlaceOptions, withPlaces } from './agent.ts';
import { removeUnit } from './install.ts';

interface UninstallOptions extends PlaceOptions {
  readonly yes?: boolean;
  readonly force?: boolean;
  readonly units: string;
}

/** What an agent that nobody can ask fails with. */
const UNREACHABLE: ReadonlySet<string> = new Set(['ENOENT', 'ECONNREFUSED']);

/** Adds `skep uninstall`. */
export function addUninstallCommand(program: Command): void {
  withPlaces(program.command('uninstall'))
    .description('take away all that the agent has made on this machine, also when it is dead')
    .option('--yes', 'do not ask')
    .option('--force', 'find things by their marks, where no agent can be started on them')
    .option('--units <directory>', 'where `skep install` wrote the unit', UNIT_DIRECTORY)
    .addHelpText(
      'after',
      `
Endpoints lose their interfaces, policies are forgotten, forwarding is put back.
Labs and their agents are taken away by \`skep lab down\`.`,
    )
    .action(uninstall);
}

async function uninstall(options: UninstallOptions): Promise<void> {
  const endpoints = await askForEndpoints(options);
  const isDead = endpoints === undefined;
  const hasAgent = !isDead || hasTraces(agentOptions(options));
  if (hasAgent) await confirm(options, endpoints);
  if (!isDead) await withAgent(options, (agent) => agent.uninstall());
  else if (hasAgent) await removeDead(options);
  if (isDead) removeSocket(options.socket);
  const hadUnit = removeUnit(options.units);
  const done = [
    ...(hasAgent ? ['the agent and all that it made'] : []),
    ...(hadUnit ? ['its unit'] : []),
  ];
  process.stdout.write(done.length > 0 ? `gone: ${done.join(', ')}\n` : 'nothing was there\n');
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

/** Of an agent that was killed; nobody answers on it. */
function removeSocket(path: string): void {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return;
  rmSync(path);
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
    if (code === 'ERR_AGENT_RUNNING') throw error;
    throw new CommandError(`uninstall: ${message} (or say --force)`, { cause: error });
  }
  await agent.uninstall();
}
