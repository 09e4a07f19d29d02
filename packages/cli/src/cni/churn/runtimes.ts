/** podman and containerd as the churn uses them: the same questions to both. */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import type { Containerd } from '../testing/containerd.ts';
import type { Podman } from '../testing/podman.ts';

/** What containers of the churn are, by their labels. */
export type Role = 'server' | 'web' | 'client' | 'stranger';

/** A container that runs. */
export interface Container {
  readonly name: string;
  readonly role: Role;
  readonly runtime: Runtime;
  /** As CNI plugins are told. */
  readonly id: string;
  /** Name of the network that it is in. */
  readonly network: string;
}

/** A program that starts and ends containers. */
export interface Runtime {
  readonly kind: 'podman' | 'containerd';
  /** @throws Error where it does not come to run; nothing of it is left with the runtime then */
  start(name: string, role: Role, command: readonly string[]): Promise<Container>;
  exec(container: Container, command: readonly string[]): Promise<string>;
  /** Resolves when nothing of it is left with the runtime. */
  stop(container: Container): Promise<void>;
}

/** The network that all of containerd's containers are in. */
export const CONTAINERD_NETWORK = 'ctr';

/** Labels are the containers' own; some have one that only few others have. */
export class ContainerdRuntime implements Runtime {
  readonly kind = 'containerd';
  private started = 0;

  constructor(private readonly containerd: Containerd) {}

  async start(name: string, role: Role, command: readonly string[]): Promise<Container> {
    const labels = [`app=${role}`, `wave=${++this.started % WAVES}`];
    try {
      await this.containerd.start(name, labels, command);
    } catch (error) {
      await this.containerd.clear(name);
      throw error;
    }
    const id = this.containerd.containerId(name);
    return { name, role, runtime: this, id, network: CONTAINERD_NETWORK };
  }

  exec({ name }: Container, command: readonly string[]): Promise<string> {
    return this.containerd.exec(name, command);
  }

  converse({ name }: Container, command: readonly string[]): ChildProcessWithoutNullStreams {
    return this.containerd.converse(name, command);
  }

  async stop({ name }: Container): Promise<void> {
    await this.containerd.stop(name);
    await this.containerd.clear(name);
  }
}

/** Different values of the label `wave`. */
export const WAVES = 5;

/** Labels are their network's: each role has one. */
export class PodmanRuntime implements Runtime {
  readonly kind = 'podman';

  constructor(private readonly podman: Podman) {}

  async start(name: string, role: Role, command: readonly string[]): Promise<Container> {
    try {
      const id = await this.podman.start(name, ['--network', role], command);
      return { name, role, runtime: this, id, network: role };
    } catch (error) {
      await this.remove(name);
      throw error;
    }
  }

  exec({ name }: Container, command: readonly string[]): Promise<string> {
    return this.podman.exec(name, command);
  }

  stop({ name }: Container): Promise<void> {
    return this.remove(name);
  }

  /** Again where a plugin that was killed has made podman fail. */
  private async remove(name: string): Promise<void> {
    for (let attempt = 0; attempt < REMOVALS_MAX; attempt++) {
      await this.podman.try('rm', '--force', '--ignore', '--time', '0', name);
      const { status } = await this.podman.try('container', 'exists', name);
      if (status === 1) return;
    }
    throw new Error(`podman does not remove container ${name}`);
  }
}

const REMOVALS_MAX = 5;
