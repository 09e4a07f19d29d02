/** A container runtime's side of CNI: network namespaces, and the plugin that connects them. */
import { spawnSync } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { createNamespace, deleteNamespace } from '@skep/netlink';
import { inNetworkNamespace } from '@skep/sys';

/** A plugin and where it works. */
export interface Plugin {
  /** Of the executable file. */
  readonly path: string;
  /** Path of the network namespace that is the node. */
  readonly node: string;
  /** What it reads from standard input, for a container with this label. */
  readonly configOf: (app: string) => object;
}

/** A namespace with a network. */
export interface Container {
  readonly app: string;
  readonly name: string;
  /** Path. */
  readonly namespace: string;
  readonly ipv4: string;
  /** That ADD took, the start of the plugin included. */
  readonly milliseconds: number;
}

/** Where Debian has the plugins that `bridge` calls in its turn. */
export const debianPlugins = '/usr/lib/cni';

/** Containers of one node; {@link close} takes them away. */
export class Containers {
  readonly #plugin: Plugin;
  readonly #prefix: string;
  readonly #present = new Set<Container>();
  #count = 0;

  /** @param prefix of the names of namespaces */
  constructor(plugin: Plugin, prefix: string) {
    this.#plugin = plugin;
    this.#prefix = prefix;
  }

  /** @throws Error with what the plugin answered */
  add(app: string): Container {
    const name = `${this.#prefix}-${this.#count++}`;
    createNamespace(name);
    const namespace = `/run/netns/${name}`;
    const started = performance.now();
    const result = this.#call('ADD', { app, name, namespace });
    const milliseconds = performance.now() - started;
    const { ips } = JSON.parse(result) as { ips: { address: string }[] };
    const ipv4 = ips[0]!.address.split('/')[0]!;
    const container = { app, name, namespace, ipv4, milliseconds };
    this.#present.add(container);
    return container;
  }

  remove(container: Container): void {
    this.#present.delete(container);
    this.#call('DEL', container);
    deleteNamespace(container.name);
  }

  close(): void {
    for (const container of this.#present) this.remove(container);
  }

  #call(command: string, { app, name, namespace }: Omit<Container, 'ipv4' | 'milliseconds'>) {
    const { path, node, configOf } = this.#plugin;
    const env = {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      CNI_COMMAND: command,
      CNI_CONTAINERID: name,
      CNI_NETNS: namespace,
      CNI_IFNAME: 'eth0',
      CNI_PATH: debianPlugins,
    };
    const input = JSON.stringify(configOf(app));
    const run = () => spawnSync(path, { env, input, encoding: 'utf8' });
    const { status, stdout, error } = inNetworkNamespace(node, run);
    if (status === 0) return stdout;
    throw new Error(`${path} ${command}: ${error?.message ?? stdout.slice(0, 300)}`);
  }
}
