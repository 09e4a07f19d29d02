/** A node and one endpoint's namespace, for tests of what an agent refuses. */
import fs, { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNamespace, deleteNamespace, Network } from '@skep/netlink';
import type { AgentOptions } from '../agent.ts';
import type { Disk } from '../state/journal.ts';
import { stateFile } from '../state/memory.ts';
import type { EndpointRequest } from '../views.ts';

const PREFIX = `skep-refuse-${process.pid}`;
const namespaces = ['node', 'anna'] as const;

/** Where the network namespace of a name is, or would be. */
export function pathOf(name: string): string {
  return `/run/netns/${PREFIX}-${name}`;
}

/** The one endpoint. */
export const ANNA: EndpointRequest = {
  name: 'anna',
  namespace: 'test',
  labels: { app: 'anna' },
  ipv4: '10.96.0.1',
  networkNamespace: pathOf('anna'),
};

/** Closes its ingress. */
export const POLICY = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: anna, namespace: test }
spec: { podSelector: {}, policyTypes: [Ingress] }
`;

/** What an agent is started with, and what it has left of the node. */
export class LoneNode {
  readonly directory = mkdtempSync(join(tmpdir(), 'skep-refuse-'));
  readonly options: AgentOptions = {
    stateDirectory: join(this.directory, 'state'),
    bpffsDirectory: join(this.directory, 'bpf'),
    networkNamespace: pathOf('node'),
  };
  readonly state = stateFile(this.options.stateDirectory);

  /** Makes the namespaces. */
  create(): void {
    for (const name of namespaces) createNamespace(`${PREFIX}-${name}`);
  }

  /** Takes away all that it has made. */
  remove(): void {
    for (const name of namespaces) deleteNamespace(`${PREFIX}-${name}`);
    rmSync(this.directory, { recursive: true, force: true });
  }

  inNode<T>(task: (network: Network) => T): T {
    const network = new Network(this.options.networkNamespace);
    try {
      return task(network);
    } finally {
      network.close();
    }
  }

  /** By their names. */
  interfaces(): string[] {
    return this.inNode((network) => network.links.list().map(({ name }) => name));
  }

  /** As the kernel says it: '0' or '1'. */
  forwarding(): string {
    return this.inNode(({ settings }) => settings.readLink(4, 'all', 'forwarding'));
  }
}

/** The file system, until it is full. */
export function newDisk(): Disk & { isFull: boolean } {
  const disk = {
    isFull: false,
    fsyncSync: fs.fsyncSync,
    ftruncateSync: fs.ftruncateSync,
    writeSync: (...parameters: Parameters<typeof fs.writeSync>) => {
      if (disk.isFull) throw new Error('ENOSPC: no space left on device, write');
      return fs.writeSync(...parameters);
    },
  };
  return disk as Disk & { isFull: boolean };
}
