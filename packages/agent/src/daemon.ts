/** The daemon: an agent behind its socket, until it is told to stop. */
import { pino } from 'pino';
import { Agent, type AgentOptions } from './agent.ts';
import { serveAgent } from './api/server.ts';

/** An agent's options, the socket that it answers on, and the least level that pino logs. */
export interface DaemonOptions extends AgentOptions {
  readonly socketPath: string;
  readonly logLevel?: string;
}

const LAST_ANSWERS_MILLISECONDS = 200;

/**
 * Runs until SIGTERM or SIGINT, and leaves programs, tables and endpoints at work.
 *
 * @throws what `Agent.start` and `serveAgent` throw
 */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const destination = pino.destination({ fd: 2, sync: true });
  const log = pino({ name: 'skep-agent', level: options.logLevel ?? 'info' }, destination);
  const agent = Agent.start(options);
  const server = await serveAgent(agent, options.socketPath).catch((error: unknown) => {
    agent.stop();
    throw error;
  });
  const status = await agent.status();
  log.info({ socket: options.socketPath, endpoints: status.endpoints }, 'ready');
  for (const problem of status.problems) log.warn(problem);
  process.send?.({ isReady: true });
  const signalled = new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.once(signal, () => resolve(signal));
  });
  const cause = await Promise.race([signalled, agent.ended.then(() => 'uninstalled')]);
  log.info({ cause }, 'stopping');
  agent.stop();
  await new Promise((resolve) => {
    server.close(resolve);
    // Whoever asked for the end still gets the answer; those who follow flows do not hold it up.
    setTimeout(() => server.closeAllConnections(), LAST_ANSWERS_MILLISECONDS).unref();
  });
}
