/**
 * Labels of containers, as containerd has them. It knows a container before it asks for its
 * network, so they are there in time.
 *
 * @source containerd 1.6, api/services/containers/v1/containers.proto and namespaces/v1
 */
import type { Client, Metadata, ServiceError } from '@grpc/grpc-js';
import type { Type } from 'protobufjs';

/** containerd was asked, and did not answer as it should: nobody knows the labels. */
export class ContainerdError extends Error {
  readonly code = 'ERR_CONTAINERD';
}

type Grpc = typeof import('@grpc/grpc-js');

const DEADLINE_MILLISECONDS = 5000;

/** What is used of the messages. */
const MESSAGES = {
  nested: {
    Nothing: { fields: {} },
    Namespace: { fields: { name: { type: 'string', id: 1 } } },
    Namespaces: { fields: { namespaces: { rule: 'repeated', type: 'Namespace', id: 1 } } },
    ContainerName: { fields: { id: { type: 'string', id: 1 } } },
    Container: {
      fields: {
        id: { type: 'string', id: 1 },
        labels: { keyType: 'string', type: 'string', id: 2 },
      },
    },
    FoundContainer: { fields: { container: { type: 'Container', id: 1 } } },
  },
} as const;

interface Call {
  /** Of the service, and of its method. */
  readonly path: string;
  readonly request: Type;
  readonly response: Type;
  readonly message: object;
  /** In which containers are looked for. */
  readonly namespace?: string;
}

/** A daemon, asked by its socket; the library is loaded when it is needed first. */
export class ContainerdLabels {
  private connection: Promise<{ grpc: Grpc; client: Client; types: Map<string, Type> }> | undefined;

  constructor(private readonly socketPath: string) {}

  /** Whether a container's name for CNI may be one of containerd's: its namespace, `-`, its id. */
  isNameOfContainerd(containerId: string): boolean {
    return containerId.includes('-');
  }

  /**
   * The labels of a container by its name for CNI.
   *
   * @throws ContainerdError also where containerd has no such container
   */
  async labelsOf(containerId: string): Promise<Readonly<Record<string, string>>> {
    for (const namespace of await this.namespaces()) {
      if (!containerId.startsWith(`${namespace}-`)) continue;
      const labels = await this.find(namespace, containerId.slice(namespace.length + 1));
      if (labels) return labels;
    }
    const found = `${this.operation}: it has no container ${containerId}`;
    throw new ContainerdError(`${found}, expected NAMESPACE-ID (is it another containerd's?)`);
  }

  /** Lets go of the connection. */
  close(): void {
    this.connection?.then(({ client }) => client.close()).catch(() => {});
    this.connection = undefined;
  }

  private get operation(): string {
    return `ask containerd at ${this.socketPath} for labels`;
  }

  private async namespaces(): Promise<string[]> {
    const types = (await this.connect()).types;
    const { namespaces = [] } = await this.call<{ namespaces?: { name: string }[] }>({
      path: '/containerd.services.namespaces.v1.Namespaces/List',
      request: types.get('Nothing')!,
      response: types.get('Namespaces')!,
      message: {},
    });
    return namespaces.map(({ name }) => name);
  }

  private async find(namespace: string, id: string): Promise<Record<string, string> | undefined> {
    const { grpc, types } = await this.connect();
    try {
      const found = await this.call<{ container?: { labels?: Record<string, string> } }>({
        path: '/containerd.services.containers.v1.Containers/Get',
        request: types.get('ContainerName')!,
        response: types.get('FoundContainer')!,
        message: { id },
        namespace,
      });
      return found.container?.labels ?? {};
    } catch (error) {
      const cause = (error as Error).cause as ServiceError | undefined;
      if (cause?.code === grpc.status.NOT_FOUND) return undefined;
      throw error;
    }
  }

  private async call<T>({ path, request, response, message, namespace }: Call): Promise<T> {
    const { grpc, client } = await this.connect();
    const metadata: Metadata = new grpc.Metadata();
    if (namespace !== undefined) metadata.set('containerd-namespace', namespace);
    const encode = (value: object): Buffer => Buffer.from(request.encode(value).finish());
    const decode = (bytes: Buffer): T => response.toObject(response.decode(bytes)) as T;
    const deadline = Date.now() + DEADLINE_MILLISECONDS;
    return new Promise<T>((resolve, reject) => {
      client.makeUnaryRequest(
        path,
        encode,
        decode,
        message,
        metadata,
        { deadline },
        (cause, value) => {
          if (value !== undefined && !cause) return resolve(value);
          const detail = cause?.details ?? 'no answer';
          return reject(new ContainerdError(`${this.operation}: ${detail}`, { cause }));
        },
      );
    });
  }

  private connect(): NonNullable<ContainerdLabels['connection']> {
    this.connection ??= this.open();
    return this.connection;
  }

  private async open(): Promise<{ grpc: Grpc; client: Client; types: Map<string, Type> }> {
    const [grpc, protobuf] = await Promise.all([import('@grpc/grpc-js'), import('protobufjs')]);
    const root = protobuf.default.Root.fromJSON(MESSAGES);
    const names = Object.keys(MESSAGES.nested);
    const types = new Map(names.map((name): [string, Type] => [name, root.lookupType(name)]));
    const credentials = grpc.credentials.createInsecure();
    const client = new grpc.Client(`unix:${this.socketPath}`, credentials);
    return { grpc, client, types };
  }
}
