/** containerd with folders and a socket of its own, and `ctr run --cni`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ContainerWorld, Ended } from './container-world.ts';

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
const POLLS = 200;
const POLL_MILLISECONDS = 100;

/** A daemon, and the containers that were started. */
export class Containerd {
  readonly socket: string;
  private daemon: ChildProcess | undefined;
  private readonly running = new Map<string, Promise<unknown>>();
  private execs = 0;

  constructor(private readonly world: ContainerWorld) {
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

  /** Starts a container with a label, in the one network of the folder, until it runs. */
  async start(name: string, label: string, command: readonly string[]): Promise<void> {
    const { rootfs, folders } = this.world;
    const { binDir, confDir } = folders;
    const mounts = [
      'mount -t tmpfs tmpfs /opt && mkdir -p $1',
      'mount --bind $2 $1 && mount --bind $4 $3 && shift 4 && exec "$@"',
    ].join(' && ');
    const run = [
      ...this.ctr('run', '--rm', '--cni', '--label', label, '--rootfs', rootfs, name),
      ...command,
    ];
    const binds = [BIN_DIR, binDir, CONF_DIR, confDir];
    const parameters = ['-m', '/bin/sh', '-c', mounts, 'sh', ...binds, 'ctr', ...run];
    const ended = this.world.run('unshare', parameters);
    this.running.set(name, ended);
    let end: Ended | undefined;
    ended.then((result) => {
      end = result;
    });
    for (let poll = 0; poll < POLLS && !end; poll++) {
      const { output } = await this.call('task', 'list');
      if (new RegExp(`^${name}\\s.*RUNNING`, 'm').test(output)) return;
      await pause(POLL_MILLISECONDS);
    }
    throw new Error(`container ${name} does not run: ${end?.output}`);
  }

  /** Runs a command in a container; what it printed, whatever its status. */
  async exec(name: string, command: readonly string[]): Promise<string> {
    const id = `exec-${++this.execs}`;
    return (await this.call('task', 'exec', '--exec-id', id, name, ...command)).output;
  }

  /** Resolves when the container has ended, and `ctr` with it. */
  async stop(name: string): Promise<void> {
    await this.call('task', 'kill', '--signal', 'SIGKILL', name);
    await this.running.get(name);
    this.running.delete(name);
  }

  async end(): Promise<void> {
    for (const name of [...this.running.keys()]) await this.stop(name);
    // What a failed start has left.
    const { output } = await this.call('task', 'list', '--quiet');
    for (const name of output.split('\n').filter((line) => line !== '')) {
      await this.call('task', 'delete', '--force', name);
      await this.call('container', 'delete', name);
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
