/**
 * What monitoring asks for, on the API's socket and, where it is asked for, on a TCP port that
 * offers nothing else:
 *
 * ```
 * GET /metrics     Prometheus' text format
 * GET /healthz     200 while programs are attached and pins are there, else 503 and what is wrong
 * ```
 */
import { createServer, type Server, type ServerResponse } from 'node:http';
import { formatAddressPort } from '@skep/wire';
import type { HealthView } from '../views.ts';
import type { Metrics } from './metrics.ts';
import type { Readings } from './metric-definitions.ts';

/** What the pages are made of; an agent is one. */
export interface Monitored {
  health(): Promise<HealthView>;
  readings(): Readings;
}

/** A page that answers, or `undefined` where there is none of the path. */
export type PageFinder = (
  path: string,
) => ((response: ServerResponse) => Promise<void>) | undefined;

/** The pages of one agent. @param loading the metrics, or what ends with them */
export function monitoringPages(agent: Monitored, loading: Metrics | Promise<Metrics>): PageFinder {
  const pages: Readonly<Record<string, (response: ServerResponse) => Promise<void>>> = {
    '/metrics': async (response) => {
      const metrics = await loading;
      const text = await metrics.text(agent.readings());
      response.writeHead(200, { 'content-type': metrics.contentType }).end(text);
    },
    '/healthz': async (response) => {
      const { isHealthy, problems } = await agent.health();
      const text = isHealthy ? 'ok\n' : problems.map((problem) => `${problem}\n`).join('');
      response.writeHead(isHealthy ? 200 : 503, PLAIN).end(text);
    },
  };
  return (path) => (Object.hasOwn(pages, path) ? pages[path] : undefined);
}

/** Where monitoring may ask, besides the API's socket. */
export interface MonitoringAddress {
  readonly host: string;
  readonly port: number;
}

/** A port that is taken, or an address that this machine does not have. */
export class MonitoringError extends Error {
  readonly code = 'ERR_MONITORING';
  constructor({ host, port }: MonitoringAddress, cause: Error) {
    const where = formatAddressPort(host, port);
    super(`serve metrics at ${where}: ${cause.message} (give another --metrics)`, { cause });
  }
}

/** Serves the pages, and nothing else. @throws MonitoringError */
export async function serveMonitoring(
  pages: PageFinder,
  address: MonitoringAddress,
): Promise<Server> {
  const server = createServer();
  await listenForMonitoring(server, address);
  answerMonitoring(server, pages);
  return server;
}

/** Takes the port, and answers nothing yet. @throws MonitoringError */
export async function listenForMonitoring(
  server: Server,
  address: MonitoringAddress,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new MonitoringError(address, error)));
    server.listen(address.port, address.host, resolve);
  });
}

/** Answers what comes from now on. */
export function answerMonitoring(server: Server, pages: PageFinder): void {
  server.on('request', (request, response) => {
    const page = request.method === 'GET' ? pages(request.url ?? '/') : undefined;
    if (!page) {
      response.writeHead(404, PLAIN).end('found no such page, expected /metrics or /healthz\n');
      return;
    }
    page(response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else response.writeHead(500, PLAIN).end(`${String(error)}\n`);
    });
  });
}

const PLAIN = { 'content-type': 'text/plain; charset=utf-8' };
