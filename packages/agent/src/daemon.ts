/** The daemon: an agent behind its socket, until it is told to stop. */
import type { Server } from 'node:http';
import { dirname } from 'node:path';
import { Agent, type AgentOptions } from './agent.ts';
import { serveAgent } from './api/server.ts';
import { removeIfEmpty } from './node/one-agent.ts';
import { tellManager } from './service-manager.ts';
import { type LogOptions, openLog } from './telemetry/log.ts';
import type { Metrics } from './telemetry/metrics.ts';
import type { Tell } from './telemetry/occurrence.ts';
import { type MonitoringAddress, monitoringPages, serveMonitoring } from './telemetry/pages.ts';

/** An agent's options, where it answers, and what it logs. */
export interface DaemonOptions extends Omit<AgentOptions, 'tell'> {
  readonly socketPath: string;
  readonly log?: LogOptions;
  /** Where monitoring may ask as well. Default: only on the socket. */
  readonly metricsAddress?: MonitoringAddress;
}

const LAST_ANSWERS_MILLISECONDS = 200;
const UNINSTALLED = 'uninstalled';

/**
 * Runs until SIGTERM or SIGINT, and leaves programs, tables and endpoints at work.
 *
 * @throws what `Agent.start`, `serveAgent` and `serveMonitoring` throw
 */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const log = openLog(options.log ?? {});
  let metrics: Metrics | undefined;
  const tell: Tell = (occurrence) => {
    log(occurrence);
    metrics?.time(occurrence);
  };
  const agent = Agent.start({ ...options, tell });
  // Traffic is taken over first; what serves numbers takes its time to load.
  const serving = import('./telemetry/metrics.ts').then(({ Metrics }) => {
    metrics = new Metrics();
    return serve(agent, { ...options, metrics, tell });
  });
  const servers = await serving.catch((error: unknown) => {
    agent.stop();
    throw error;
  });
  process.send?.({ isReady: true });
  tellManager('READY=1');
  const signalled = new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.once(signal, () => resolve(signal));
  });
  const cause = await Promise.race([signalled, agent.ended.then(() => UNINSTALLED)]);
  tell({ kind: 'stopping', cause });
  tellManager('STOPPING=1');
  agent.stop();
  await Promise.all(servers.map(closeServer));
  if (cause === UNINSTALLED) removeIfEmpty(dirname(options.socketPath));
}

/** On the socket, and on the port if there is one. */
async function serve(
  agent: Agent,
  options: DaemonOptions & { readonly metrics: Metrics; readonly tell: Tell },
): Promise<Server[]> {
  const { socketPath, metricsAddress, metrics, tell } = options;
  const pages = monitoringPages(agent, metrics);
  const servers = [await serveAgent(agent, socketPath, { pages, tell })];
  if (!metricsAddress) return servers;
  try {
    return [...servers, await serveMonitoring(pages, metricsAddress)];
  } catch (error) {
    await Promise.all(servers.map(closeServer));
    throw error;
  }
}

/** Whoever asked for the end still gets the answer; those who follow flows do not hold it up. */
function closeServer(server: Server): Promise<void> {
  setTimeout(() => server.closeAllConnections(), LAST_ANSWERS_MILLISECONDS).unref();
  return new Promise((resolve) => server.close(() => resolve()));
}
