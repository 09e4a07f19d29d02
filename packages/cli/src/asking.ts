/** What every command that asks the agent shares: where it is, and how the answer is shown. */
import { resolve } from 'node:path';
import {
  AgentClient,
  AgentSilentError,
  DEFAULT_SOCKET,
  type ExplainRequest,
  explainSilence,
  type MonitoringAddress,
} from '@skep/agent';
import { PROTOCOLS_BY_NAME } from '@skep/policy';
import { type Command, InvalidArgumentError } from 'commander';

/** What `asking` adds to the options of a command. */
export interface AskOptions {
  readonly socket: string;
  readonly json?: boolean;
  /** Seconds. */
  readonly timeout?: number;
}

/** Adds `--socket`, `--timeout` and `--json`. */
export function asking(command: Command): Command {
  return command
    .option('--socket <path>', 'where the agent listens', parsePath, DEFAULT_SOCKET)
    .option('--timeout <time>', 'how long the agent may say nothing', parseDuration)
    .option('--json', 'print JSON');
}

/**
 * Parses a path, which is then the same from everywhere: what is written into a unit or a network
 * is read by somebody in another directory.
 *
 * @throws InvalidArgumentError where it is none
 */
export function parsePath(text: string): string {
  if (text === '' || /\p{C}/u.test(text)) throw new InvalidArgumentError('Expected a path.');
  return resolve(text);
}

/** Parses the number that an option wants. @throws InvalidArgumentError where it is none */
export function parseCount(text: string): number {
  if (!/^[0-9]{1,9}$/.test(text)) throw new InvalidArgumentError('Expected a whole number.');
  return Number(text);
}

/** Parses `90`, `90s`, `5m` or `1h`. @returns seconds. @throws InvalidArgumentError */
export function parseDuration(text: string): number {
  const [, count, unit] = /^([1-9][0-9]{0,5})([smh]?)$/.exec(text) ?? [];
  if (count === undefined) {
    throw new InvalidArgumentError('Expected seconds, or a time such as 60s, 5m, 1h.');
  }
  return Number(count) * { '': 1, s: 1, m: 60, h: 3600 }[unit as '' | 's' | 'm' | 'h'];
}

/** Parses a port number. @throws InvalidArgumentError where it is none */
export function parsePort(text: string): number {
  const port = parseCount(text);
  if (port > 65535) throw new InvalidArgumentError('Expected a port from 0 to 65535.');
  return port;
}

/** Parses `HOST:PORT`; an IPv6 address is in brackets. @throws InvalidArgumentError */
export function parseListen(text: string): MonitoringAddress {
  const found = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s]+)):([0-9]{1,5})$/.exec(text);
  const host = found?.[1] ?? found?.[2];
  if (!found || host === undefined) {
    throw new InvalidArgumentError('Expected HOST:PORT, such as 127.0.0.1:9962.');
  }
  return { host, port: parsePort(found[3]!) };
}

const PROTOCOLS = Object.keys(PROTOCOLS_BY_NAME) as (keyof typeof PROTOCOLS_BY_NAME)[];

/** Parses the name of a protocol in any case. @throws InvalidArgumentError where it is none */
export function parseProtocol(text: string): ExplainRequest['protocol'] {
  const found = PROTOCOLS.find((name) => name.toLowerCase() === text.toLowerCase());
  if (!found) throw new InvalidArgumentError(`Expected one of ${PROTOCOLS.join(', ')}.`);
  return found;
}

/** Runs a task with the agent, and lets go of it. @throws AgentError where none answers */
export async function withAgent<T>(
  { socket, timeout }: Pick<AskOptions, 'socket' | 'timeout'>,
  task: (agent: AgentClient) => Promise<T>,
): Promise<T> {
  const agent = new AgentClient(socket, timeout);
  try {
    return await task(agent);
  } catch (error) {
    throw error instanceof AgentSilentError ? explainSilence(error) : error;
  } finally {
    agent.close();
  }
}
