/** The agent behind its socket. */
import type { PolicyFile } from '@skep/policy';
import { Agent as ConnectionPool, type IncomingMessage, request as httpRequest } from 'node:http';
import { createInterface } from 'node:readline';
import type { AgentApi } from '../agent-api.ts';
import type {
  ChangeOptions,
  HealthView,
  IdentityView,
  IpcacheView,
  PolicyResult,
  PolicyView,
  PoolView,
  StatusView,
  TranslationView,
} from '../views.ts';
import type {
  AttachmentKey,
  EndpointRequest,
  EndpointView,
  ErrorView,
  ExplainRequest,
  ExplainView,
  FlowFilter,
  FlowView,
} from '../views.ts';

/** Where the agent of a node listens, if nobody says otherwise. */
export const DEFAULT_SOCKET = '/run/skep/agent.sock';

/** What the agent refused or failed to do, in its words; or that it does not answer. */
export class AgentError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** The agent does not answer: it is not there, or went away before its answer was whole. */
export class AgentUnreachableError extends AgentError {
  constructor(
    code: string,
    message: string,
    /** Whether it may have done what it was asked. */
    readonly isAnswerLost: boolean,
  ) {
    super(code, message);
  }
}

/**
 * The agent takes questions, and does not answer in time: it is stopped, hangs, or is at something
 * long.
 */
export class AgentSilentError extends AgentUnreachableError {
  constructor(
    readonly socketPath: string,
    seconds: number,
  ) {
    super('ETIMEDOUT', `ask agent at ${socketPath}: no answer within ${seconds} s`, true);
  }
}

/**
 * For so long an agent that works may say nothing. Changes compile programs and write tables;
 * whoever only wants to know waits until it is done with one.
 */
const ANSWER_SECONDS = { question: 15, change: 300 } as const;

/** What is found where an agent should listen, and what to try. */
const CONNECT_PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no socket (is `skep agent` running? a lab says where its own listens)',
  ECONNREFUSED: 'nobody answers (is `skep agent` running? a lab says where its own listens)',
  EACCES: 'permission denied (only the user whose agent it is may ask it)',
};

/** Every method throws {@link AgentError}. */
export class AgentClient implements AgentApi {
  private readonly pool = new ConnectionPool({ keepAlive: true });

  /** @param answerSeconds how long the agent may say nothing, whatever it is asked */
  constructor(
    private readonly socketPath: string,
    private readonly answerSeconds?: number,
  ) {}

  status(): Promise<StatusView> {
    return this.json('GET', '/v1/status');
  }

  health(): Promise<HealthView> {
    return this.json('GET', '/v1/health');
  }

  /** In Prometheus' text format. */
  async metrics(): Promise<string> {
    return textOf(await this.open('GET', '/metrics'));
  }

  listEndpoints(): Promise<EndpointView[]> {
    return this.json('GET', '/v1/endpoints');
  }

  addEndpoint(request: EndpointRequest, isRetry = false): Promise<EndpointView> {
    return this.json('POST', `/v1/endpoints${isRetry ? '?retry=1' : ''}`, JSON.stringify(request));
  }

  async removeAttachment(key: AttachmentKey): Promise<boolean> {
    const path = attachmentPath(key);
    return (await this.json<{ isRemoved: boolean }>('DELETE', path)).isRemoved;
  }

  async removeUnlisted(network: string, valid: readonly AttachmentKey[]): Promise<number> {
    const path = `/v1/attachments?${new URLSearchParams({ network })}`;
    return (await this.json<{ removed: number }>('PUT', path, JSON.stringify(valid))).removed;
  }

  checkAttachment(
    key: AttachmentKey,
    networkNamespace: string,
  ): ReturnType<AgentApi['checkAttachment']> {
    return this.json('GET', attachmentPath(key, { networkNamespace }));
  }

  listPools(): Promise<PoolView[]> {
    return this.json('GET', '/v1/pools');
  }

  relabelEndpoint(name: string, labels: Readonly<Record<string, string>>): Promise<EndpointView> {
    return this.json('PATCH', endpointPath(name), JSON.stringify({ labels }));
  }

  async removeEndpoint(name: string): Promise<boolean> {
    return (await this.json<{ isRemoved: boolean }>('DELETE', endpointPath(name))).isRemoved;
  }

  listIdentities(isAll = false): Promise<IdentityView[]> {
    return this.json('GET', isAll ? '/v1/identities?all=1' : '/v1/identities');
  }

  listIpcache(): Promise<IpcacheView[]> {
    return this.json('GET', '/v1/ipcache');
  }

  listPolicies(): Promise<PolicyView[]> {
    return this.json('GET', '/v1/policies');
  }

  applyPolicies(yaml: string, file: string, options: ChangeOptions = {}): Promise<PolicyResult> {
    const query = new URLSearchParams([['file', file], ...changeQuery(options)]);
    return this.json('PUT', `/v1/policies?${query}`, yaml);
  }

  applyPolicyFiles(
    files: readonly PolicyFile[],
    options: ChangeOptions = {},
  ): Promise<PolicyResult> {
    const query = new URLSearchParams(changeQuery(options));
    return this.json('POST', `/v1/policies?${query}`, JSON.stringify(files));
  }

  deletePolicies(keys: readonly string[], options: ChangeOptions = {}): Promise<PolicyResult> {
    const named = keys.map((key): [string, string] => ['key', key]);
    const query = new URLSearchParams([...named, ...changeQuery(options)]);
    return this.json('DELETE', `/v1/policies?${query}`);
  }

  confirmPolicies(): Promise<PolicyResult> {
    return this.json('POST', '/v1/policies/pending');
  }

  revertPolicies(): Promise<PolicyResult> {
    return this.json('DELETE', '/v1/policies/pending');
  }

  relabelNode(options: ChangeOptions = {}): Promise<PolicyResult> {
    return this.json('PUT', `/v1/labels?${new URLSearchParams(changeQuery(options))}`);
  }

  listTranslations(): Promise<TranslationView[]> {
    return this.json('GET', '/v1/translations');
  }

  explain(request: ExplainRequest): Promise<ExplainView> {
    return this.json('GET', `/v1/explain?${new URLSearchParams({ ...request })}`);
  }

  async recentFlows(filter: FlowFilter, last?: number): Promise<FlowView[]> {
    const flows: FlowView[] = [];
    const response = await this.open('GET', `/v1/flows?${flowQuery(filter, { last })}`);
    for await (const line of createInterface(response)) flows.push(JSON.parse(line));
    return flows;
  }

  async followFlows(
    filter: FlowFilter,
    onFlow: (flow: FlowView) => void,
    onEnd?: () => void,
  ): Promise<() => void> {
    const response = await this.open('GET', `/v1/flows?${flowQuery(filter, { follow: 1 })}`);
    // From here on silence is that nobody talks.
    response.setTimeout(0);
    // An agent that goes away ends the stream.
    const lines = createInterface(response);
    for (const each of [response, lines]) each.on('error', () => {});
    lines.on('line', (line) => onFlow(JSON.parse(line)));
    response.on('close', () => onEnd?.());
    return () => {
      onEnd = undefined;
      response.destroy();
    };
  }

  async uninstall(): Promise<void> {
    await this.json('DELETE', '/v1');
  }

  /** Lets go of the connections. */
  close(): void {
    this.pool.destroy();
  }

  private async json<T>(method: string, path: string, body?: string): Promise<T> {
    const response = await this.open(method, path, body);
    const text = await textOf(response).catch((error: NodeJS.ErrnoException) => {
      throw this.unreachable(error);
    });
    return JSON.parse(text) as T;
  }

  private unreachable(error: NodeJS.ErrnoException): AgentError {
    if (error instanceof AgentError) return error;
    const { code = 'ERR_CONNECT' } = error;
    const known = CONNECT_PROBLEMS[code];
    const message = `connect to agent at ${this.socketPath}: ${known ?? error.message}`;
    return new AgentUnreachableError(code, message, known === undefined);
  }

  /** A response whose status says that it worked. */
  private async open(method: string, path: string, body?: string): Promise<IncomingMessage> {
    const response = await this.send(method, path, body);
    if (response.statusCode === 200) return response;
    const { code, message } = JSON.parse(await textOf(response)) as ErrorView;
    throw new AgentError(code, message);
  }

  /**
   * A connection that was kept may have been closed at its other end, without this process having
   * had the time to see it: nobody has got the request then, and it goes by another one.
   */
  private send(method: string, path: string, body?: string): Promise<IncomingMessage> {
    const { socketPath, pool: agent } = this;
    const kind = method === 'GET' ? 'question' : 'change';
    const seconds = this.answerSeconds ?? ANSWER_SECONDS[kind];
    const options = { socketPath, agent, method, path, timeout: seconds * 1000 };
    return new Promise((resolve, reject) => {
      let response: IncomingMessage | undefined;
      const request = httpRequest(options, (begun) => {
        response = begun;
        resolve(begun);
      });
      request.on('timeout', () => {
        (response ?? request).destroy(new AgentSilentError(socketPath, seconds));
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        const isUnsent = request.reusedSocket && error.code === 'EPIPE';
        if (isUnsent) resolve(this.send(method, path, body));
        else reject(this.unreachable(error));
      });
      request.end(body);
    });
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function changeQuery({ confirmWithinSeconds, isUnconfirmed }: ChangeOptions): [string, string][] {
  if (confirmWithinSeconds !== undefined) return [['confirmWithin', String(confirmWithinSeconds)]];
  return isUnconfirmed ? [['unconfirmed', '1']] : [];
}

function attachmentPath(
  { network, containerId, interfaceName }: AttachmentKey,
  more: Readonly<Record<string, string>> = {},
): string {
  const names = [containerId, interfaceName].map(encodeURIComponent);
  const query = new URLSearchParams({ ...(network === undefined ? {} : { network }), ...more });
  return `/v1/attachments/${names.join('/')}?${query}`;
}

function endpointPath(name: string): string {
  return `/v1/endpoints/${name.split('/').map(encodeURIComponent).join('/')}`;
}

function flowQuery(filter: FlowFilter, more: Readonly<Record<string, unknown>>): URLSearchParams {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries({ ...filter, ...more })) {
    if (value !== undefined) query.set(key, String(value));
  }
  return query;
}
