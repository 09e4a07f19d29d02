/** containerd with folders and a socket of its own, and `ctr run --cni`. */
import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ContainerNode, Ended } from './container-node.ts';

/** What it needs here, and the Debian packages that bring it. */
export const CONTAINERD_PROGRAMS = {
  containerd: 'containerd',
  ctr: 'containerd',
  runc: 'runc',
  unshare: 'util-linux',
  busybox: 'busybox-static',
};

/** ctr looks nowhere else: in a mount namespace of its own these are folders of the test. */
const BIN_DIR = '/opt/cni/bin';
const CONF_DIR = '/etc/cni/net.d';
/** What a container says when it runs. */
const STARTED = 'container-started';
const POLLS = 200;
const POLL_MILLISECONDS = 100;

/** A daemon, and the containers that were started. */
export class Containerd {
  readonly socket: string;
  private daemon: ChildProcess | undefined;
  private readonly running = new Map<string, Promise<unknown>>();
  private execs = 0;

  /** @param confDir with the one network that its containers are in. Default: the node's */
  constructor(
    private readonly world: ContainerNode,
    private readonly confDir?: string,
  ) {
    this.socket = join(world.directory, 'containerd.sock');
  }

  /** Resolves when the daemon answers. */
  async setUp(): Promise<void> {
    const { directory } = this.world;
    const path = join(directory, 'containerd.toml');
    writeFileSync(
      path,
      `version = 2
root = "${join(directory, 'containerd-root')}"
state = "${join(directory, 'containerd-state')}"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "${this.socket}"
`,
    );
    this.daemon = spawn('containerd', ['--config', path], { stdio: 'ignore' });
    for (let poll = 0; poll < POLLS; poll++) {
      if (existsSync(this.socket) && (await this.call('version')).status === 0) return;
      await pause(POLL_MILLISECONDS);
    }
    throw new Error('containerd does not answer');
  }

  /** Starts a container with labels, in the one network of the folder, until it runs. */
  async start(
    name: string,
    labels: string | readonly string[],
    command: readonly string[],
  ): Promise<void> {
    const { rootfs, folders } = this.world;
    const { binDir, confDir } = folders;
    const mounts = [
      'mount -t tmpfs tmpfs /opt && mkdir -p $1',
      'mount --bind $2 $1 && mount --bind $4 $3 && shift 4 && exec "$@"',
    ].join(' && ');
    const options = [labels].flat().flatMap((label) => ['--label', label]);
    const run = [
      ...this.ctr('run', '--rm', '--cni', ...options, '--rootfs', rootfs, name),
      ...['/bin/sh', '-c', `echo ${STARTED}; exec "$@"`, 'sh', ...command],
    ];
    const binds = [BIN_DIR, binDir, CONF_DIR, this.confDir ?? confDir];
    const parameters = ['-m', '/bin/sh', '-c', mounts, 'sh', ...binds, 'ctr', ...run];
    const child = this.world.spawn('unshare', parameters);
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    this.running.set(name, ended);
    child.stdin.end();
    let output = '';
    const started = new Promise<boolean>((resolve) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (text) => {
          output += text;
          if (output.includes(STARTED)) resolve(true);
        });
      }
      // What it has said last may still be on its way.
      ended.then(() => pause(POLL_MILLISECONDS)).then(() => resolve(false));
    });
    if (await started) return;
    this.running.delete(name);
    throw new Error(`container ${name} does not run: ${output}`);
  }

  /** Runs a command in a container; what it printed, whatever its status. */
  async exec(name: string, command: readonly string[]): Promise<string> {
    const id = `exec-${++this.execs}`;
    return (await this.call('task', 'exec', '--exec-id', id, name, ...command)).output;
  }

  /** A command in a container that goes on, and hears what is written to it. */
  converse(name: string, command: readonly string[]): ChildProcessWithoutNullStreams {
    const id = `exec-${++this.execs}`;
    const parameters = ['task', 'exec', '--exec-id', id, name, ...command];
    return this.world.spawn('ctr', this.ctr(...parameters));
  }

  /** Resolves when the container has ended, and `ctr` with it. */
  async stop(name: string): Promise<void> {
    await this.call('task', 'kill', '--signal', 'SIGKILL', name);
    await this.running.get(name);
    this.running.delete(name);
  }

  /** Takes away what a start or an end that failed has left. */
  async clear(name: string): Promise<void> {
    await this.call('task', 'delete', '--force', name);
    await this.call('container', 'delete', name);
  }

  /** What a CNI plugin is told. */
  containerId(name: string): string {
    return `${this.world.name}-${name}`;
  }

  async end(): Promise<void> {
    for (const name of [...this.running.keys()]) await this.stop(name);
    // What a failed start has left.
    const { output } = await this.call('task', 'list', '--quiet');
    for (const name of output.split('\n').filter((line) => line !== '')) {
      await this.clear(name);
    }
    if (!this.daemon) return;
    const gone = once(this.daemon, 'exit');
    this.daemon.kill();
    await gone;
  }

  private call(...parameters: readonly string[]): Promise<Ended> {
    return this.world.run('ctr', this.ctr(...parameters));
  }

  private ctr(...parameters: readonly string[]): string[] {
    return ['--address', this.socket, '--namespace', this.world.name, ...parameters];
  }
}
