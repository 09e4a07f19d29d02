/** The daemon: an agent behind its socket, until it is told to stop. */
import { createServer, type Server } from 'node:http';
import { dirname } from 'node:path';
import { Agent, type AgentOptions } from './agent.ts';
import { answerRequests, listenOnSocket } from './api/server.ts';
import { watchSocket } from './health/socket-watch.ts';
import { makeDirectory, removeIfEmpty } from './node/one-agent.ts';
import { tellManager } from './service-manager.ts';
import { type LogOptions, openLog } from './telemetry/log.ts';
import type { Metrics } from './telemetry/metrics.ts';
import type { Tell } from './telemetry/occurrence.ts';
import {
  answerMonitoring,
  listenForMonitoring,
  type MonitoringAddress,
  monitoringPages,
} from './telemetry/pages.ts';

/** An agent's options, where it answers, and what it logs. */
export interface DaemonOptions extends Omit<AgentOptions, 'tell'> {
  readonly socketPath: string;
  readonly log?: LogOptions;
  /** Where monitoring may ask as well. Default: only on the socket. */
  readonly metricsAddress?: MonitoringAddress;
}

const LAST_ANSWERS_MILLISECONDS = 200;
const UNINSTALLED = 'uninstalled';

/** What the daemon answers on. */
interface Servers {
  readonly api: Server;
  readonly monitoring: Server | undefined;
}

/**
 * Runs until SIGTERM or SIGINT, and leaves programs, tables and endpoints at work.
 *
 * @throws SocketInUseError, NoSocketError, MonitoringError, and what `Agent.start` throws
 */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const { socketPath } = options;
  const log = openLog(options.log ?? {});
  let metrics: Metrics | undefined;
  const tell: Tell = (occurrence) => {
    log(occurrence);
    metrics?.time(occurrence);
  };
  // What may be taken comes first: a start that fails there has changed nothing.
  const forgetDirectory = makeDirectory(dirname(socketPath));
  const { agent, servers } = await listen(options)
    .then((listening) => ({ servers: listening, agent: begin({ ...options, tell }, listening) }))
    .catch((error: unknown) => {
      forgetDirectory();
      throw error;
    });
  // Traffic is taken over by now; what serves numbers takes its time to load.
  const loading = import('./telemetry/metrics.ts').then(({ Metrics }) => {
    metrics = new Metrics();
    return metrics;
  });
  const pages = monitoringPages(agent, loading);
  answerRequests(servers.api, agent, { pages, tell });
  if (servers.monitoring) answerMonitoring(servers.monitoring, pages);
  const endWatch = watchSocket(servers.api, socketPath, (problem) => {
    agent.mention('socket', problem);
  });
  await loading;
  process.send?.({ isReady: true });
  tellManager('READY=1');
  const signalled = new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.once(signal, () => resolve(signal));
  });
  const cause = await Promise.race([signalled, agent.ended.then(() => UNINSTALLED)]);
  tell({ kind: 'stopping', cause });
  tellManager('STOPPING=1');
  endWatch();
  agent.stop();
  await closeServers(servers);
  if (cause === UNINSTALLED) removeIfEmpty(dirname(socketPath));
}

/** On the socket, and on the port if there is one; nobody is answered yet. */
async function listen({ socketPath, metricsAddress }: DaemonOptions): Promise<Servers> {
  const servers = { api: createServer(), monitoring: metricsAddress && createServer() };
  try {
    await listenOnSocket(servers.api, socketPath);
    if (metricsAddress) await listenForMonitoring(servers.monitoring!, metricsAddress);
    return servers;
  } catch (error) {
    await closeServers(servers);
    throw error;
  }
}

function begin(options: AgentOptions, servers: Servers): Agent {
  try {
    return Agent.start(options);
  } catch (error) {
    void closeServers(servers);
    throw error;
  }
}

/** Whoever asked for the end still gets the answer; those who follow flows do not hold it up. */
async function closeServers({ api, monitoring }: Servers): Promise<void> {
  const open = [api, monitoring].filter((each) => each?.listening);
  await Promise.all(open.map((server) => closeServer(server!)));
}

function closeServer(server: Server): Promise<void> {
  setTimeout(() => server.closeAllConnections(), LAST_ANSWERS_MILLISECONDS).unref();
  return new Promise((resolve) => server.close(() => resolve()));
}
