/**
 * The agent's API: HTTP and JSON on a unix socket that only its owner may use.
 *
 * ```
 * GET    /v1/status  /v1/health  /v1/endpoints  /v1/identities  /v1/ipcache  /v1/policies
 * GET    /v1/pools                              addresses that the agent gives
 * GET    /v1/translations                       flows that have a port of the node
 * GET    /v1/identities?all=1                   the reserved ones as well
 * POST   /v1/endpoints?retry=1                  an EndpointRequest
 * PATCH  /v1/endpoints/{namespace}/{name}       { labels }
 * DELETE /v1/endpoints/{namespace}/{name}       both: or {name}, where only one is called so
 * GET    /v1/attachments/{container}/{interface}?network=NAME&networkNamespace=PATH
 *                                               whether all of it is there
 * DELETE /v1/attachments/{container}/{interface}?network=NAME
 * PUT    /v1/attachments?network=NAME           those that are there, AttachmentKey[]: others go
 * PUT    /v1/policies?file=NAME                 YAML
 * POST   /v1/policies                           PolicyFile[], all of them or none
 * DELETE /v1/policies?key=KEY&key=KEY
 *                                         all three: &confirmWithin=SECONDS, or &unconfirmed=1
 * PUT    /v1/labels       the node has those that the agent was started with; the same parameters
 * POST   /v1/policies/pending                   the change that waits is confirmed
 * DELETE /v1/policies/pending                   it goes back
 * GET    /v1/explain?from=&to=&port=&protocol=
 * GET    /v1/flows?endpoint=&verdict=&port=&protocol=&last=&follow=1     one JSON object a line
 * DELETE /v1                                    takes everything away
 * GET    /metrics  /healthz                     see telemetry/pages.ts
 * ```
 */
import { chmodSync, existsSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import type { AgentApi } from '../agent-api.ts';
import type { AttachmentKey } from '../views.ts';
import type { PageFinder } from '../telemetry/pages.ts';
import { type Tell, tellNobody } from '../telemetry/occurrence.ts';
import {
  errorView,
  readAttachmentKey,
  readAttachmentKeys,
  readChangeOptions,
  readEndpointRequest,
  readExplainRequest,
  readFlowRequest,
  readLabelsRequest,
  readPolicyFiles,
  RequestError,
  statusOf,
} from './requests.ts';

const BODY_BYTES_MAX = 16 << 20;
/** What a follower of flows may have unread. */
const BEHIND_BYTES_MAX = 4 << 20;

/** A socket that another agent answers on. */
export class SocketInUseError extends Error {
  readonly code = 'ERR_SOCKET_IN_USE';
  constructor(path: string) {
    super(`serve agent at ${path}: another agent answers there (stop it first)`);
  }
}

/** Something that is no socket is where the socket is to be. */
export class NoSocketError extends Error {
  readonly code = 'ERR_NO_SOCKET';
  constructor(path: string) {
    super(`serve agent at ${path}: found something that is no socket (give another path)`);
  }
}

/** What else a server does. */
export interface ServerOptions {
  /** Who is told how long requests took. Default: nobody. */
  readonly tell?: Tell;
  /** Pages of monitoring. Default: none. */
  readonly pages?: PageFinder;
}

/**
 * Serves until the server is closed.
 *
 * @throws SocketInUseError, NoSocketError; a socket that nobody answers on is replaced
 */
export async function serveAgent(
  agent: AgentApi,
  socketPath: string,
  options?: ServerOptions,
): Promise<Server> {
  const server = createServer();
  await listenOnSocket(server, socketPath);
  answerRequests(server, agent, options);
  return server;
}

/**
 * Makes the socket, and no answers yet.
 *
 * @throws SocketInUseError, NoSocketError; a socket that nobody answers on is replaced
 */
export async function listenOnSocket(server: Server, socketPath: string): Promise<void> {
  mkdirSync(dirname(socketPath), { recursive: true, mode: 0o700 });
  if (existsSync(socketPath)) {
    if (!lstatSync(socketPath).isSocket()) throw new NoSocketError(socketPath);
    if (await isAnswered(socketPath)) throw new SocketInUseError(socketPath);
    rmSync(socketPath);
  }
  // The socket is made with no rights for others, and never without.
  const mask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socketPath, resolve);
    });
  } finally {
    process.umask(mask);
  }
  chmodSync(socketPath, 0o600);
}

/** Answers what comes from now on. */
export function answerRequests(
  server: Server,
  agent: AgentApi,
  { tell = tellNobody, pages = () => undefined }: ServerOptions = {},
): void {
  server.on('request', (request, response) => {
    const start = performance.now();
    response.once('finish', () => {
      const [method, route] = [request.method ?? '', routeOf(request)];
      const milliseconds = performance.now() - start;
      tell({ kind: 'request answered', method, route, status: response.statusCode, milliseconds });
    });
    const page = request.method === 'GET' ? pages(request.url ?? '') : undefined;
    const answer = page ? page(response) : respond(agent, request, response);
    answer.catch((error: unknown) => fail(response, error));
  });
}

function isAnswered(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

type Handler = (url: URL, body: string) => Promise<unknown>;

function routes(agent: AgentApi): Readonly<Record<string, Handler>> {
  return {
    'GET /v1/status': () => agent.status(),
    'GET /v1/health': () => agent.health(),
    'GET /v1/endpoints': () => agent.listEndpoints(),
    'POST /v1/endpoints': (url, body) => {
      const isRetry = url.searchParams.get('retry') === '1';
      return agent.addEndpoint(readEndpointRequest(body), isRetry);
    },
    'PUT /v1/attachments': async (url, body) => {
      const network = url.searchParams.get('network');
      if (!network) throw new RequestError('network: expected the name of one');
      return { removed: await agent.removeUnlisted(network, readAttachmentKeys(body)) };
    },
    'GET /v1/pools': () => agent.listPools(),
    'GET /v1/identities': (url) => agent.listIdentities(url.searchParams.get('all') === '1'),
    'GET /v1/ipcache': () => agent.listIpcache(),
    'GET /v1/policies': () => agent.listPolicies(),
    'GET /v1/translations': () => agent.listTranslations(),
    'PUT /v1/policies': (url, body) => {
      const file = url.searchParams.get('file') ?? 'policies.yaml';
      return agent.applyPolicies(body, file, readChangeOptions(url.searchParams));
    },
    'POST /v1/policies': (url, body) => {
      return agent.applyPolicyFiles(readPolicyFiles(body), readChangeOptions(url.searchParams));
    },
    'DELETE /v1/policies': (url) => {
      const keys = url.searchParams.getAll('key');
      return agent.deletePolicies(keys, readChangeOptions(url.searchParams));
    },
    'PUT /v1/labels': (url) => agent.relabelNode(readChangeOptions(url.searchParams)),
    'POST /v1/policies/pending': () => agent.confirmPolicies(),
    'DELETE /v1/policies/pending': () => agent.revertPolicies(),
    'GET /v1/explain': (url) => agent.explain(readExplainRequest(url.searchParams)),
    'DELETE /v1': async () => {
      await agent.uninstall();
      return {};
    },
  };
}

const NAMED_ENDPOINT = /^\/v1\/endpoints\/([^/]+(?:\/[^/]+)?)$/;
/** The first words of the paths that are served; of others there may be any number. */
const KNOWN_PATH = /^\/(metrics|healthz|v1(\/policies\/pending|\/[a-z]+)?)$/;

/** The pattern of a request's path. */
function routeOf(request: IncomingMessage): string {
  const [path = ''] = (request.url ?? '').split('?', 1);
  if (NAMED_ENDPOINT.test(path)) return '/v1/endpoints/{endpoint}';
  return KNOWN_PATH.test(path) ? path : 'other';
}

async function respond(
  agent: AgentApi,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = parseUrl(request.url ?? '/');
  const { method } = request;
  if (method === 'GET' && url.pathname === '/v1/flows') return streamFlows(agent, url, response);
  const named = NAMED_ENDPOINT.exec(url.pathname);
  if (named && method === 'DELETE') {
    return send(response, 200, { isRemoved: await agent.removeEndpoint(decode(named[1]!)) });
  }
  if (named && method === 'PATCH') {
    const labels = readLabelsRequest(await readBody(request));
    return send(response, 200, await agent.relabelEndpoint(decode(named[1]!), labels));
  }
  const attached = /^\/v1\/attachments\/([^/]+)\/([^/]+)$/.exec(url.pathname);
  if (attached) {
    const key = readAttachmentKey(attached.slice(1).map(decode), url.searchParams);
    return send(response, 200, await answerAttachment(agent, method ?? '', key, url));
  }
  const handler = routes(agent)[`${method} ${url.pathname}`];
  if (!handler) throw new RequestError(`${method} ${url.pathname}: no such request`, 404);
  send(response, 200, await handler(url, await readBody(request)));
}

/** @throws RequestError */
async function answerAttachment(
  agent: AgentApi,
  method: string,
  key: AttachmentKey,
  url: URL,
): Promise<unknown> {
  if (method === 'DELETE') return { isRemoved: await agent.removeAttachment(key) };
  const networkNamespace = url.searchParams.get('networkNamespace');
  if (method !== 'GET') throw new RequestError(`${method} ${url.pathname}: no such request`, 404);
  if (!networkNamespace?.startsWith('/')) {
    throw new RequestError('networkNamespace: expected the path of one');
  }
  return agent.checkAttachment(key, networkNamespace);
}

/** @throws RequestError */
function parseUrl(text: string): URL {
  try {
    return new URL(text, 'http://agent');
  } catch {
    throw new RequestError(`request ${text}: expected a path`);
  }
}

/** @throws RequestError */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RequestError(`request path ${text}: expected percent encoding`);
  }
}

async function streamFlows(agent: AgentApi, url: URL, response: ServerResponse): Promise<void> {
  const { filter, last, isFollowed } = readFlowRequest(url.searchParams);
  const write = (flow: object): void => {
    response.write(`${JSON.stringify(flow)}\n`);
    // Who does not read is let go: nobody else's flows wait in this process.
    if (isFollowed && response.writableLength > BEHIND_BYTES_MAX) response.destroy();
  };
  const recent = last === undefined && isFollowed ? [] : await agent.recentFlows(filter, last);
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  response.flushHeaders();
  for (const flow of recent) write(flow);
  if (!isFollowed) {
    response.end();
    return;
  }
  const stop = await agent.followFlows(filter, write);
  if (response.destroyed) stop();
  else response.on('close', stop);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += (chunk as Buffer).length;
    if (length > BODY_BYTES_MAX) {
      throw new RequestError(`request body: expected at most ${BODY_BYTES_MAX} bytes`, 413);
    }
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) response.destroy();
  else send(response, statusOf(error), errorView(error));
}

function send(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}
