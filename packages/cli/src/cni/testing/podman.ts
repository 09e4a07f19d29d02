/** podman with folders and a network of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { ContainerNode, Ended } from './container-node.ts';

/** What it needs here, and the Debian packages that bring it. */
export const PODMAN_PROGRAMS = {
  podman: 'podman',
  runc: 'runc',
  conmon: 'conmon',
  busybox: 'busybox-static',
};

/** The folder of the standard plugins, for port mappings. */
const STANDARD_PLUGINS = '/usr/lib/cni';
const IMAGE = 'localhost/box';

/** As a user's podman, but that it keeps everything in the world's folder. */
export class Podman {
  private readonly configuration: string;
  private readonly where: readonly string[];
  private service: ChildProcess | undefined;

  constructor(private readonly world: ContainerNode) {
    const { directory } = world;
    const { binDir, confDir } = world.folders;
    this.configuration = join(directory, 'containers.conf');
    // Limits that a process without CAP_SYS_RESOURCE may set.
    writeFileSync(
      this.configuration,
      `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
events_logger = "file"
[network]
network_backend = "cni"
cni_plugin_dirs = ["${binDir}", "${STANDARD_PLUGINS}"]
network_config_dir = "${confDir}"
`,
    );
    this.where = [
      ...['--root', join(directory, 'storage'), '--runroot', join(directory, 'run')],
      ...['--tmpdir', join(directory, 'tmp'), '--storage-driver', 'vfs'],
      ...['--cgroup-manager', 'cgroupfs', '--runtime', 'runc'],
    ];
  }

  /** An image of the root file system. */
  async makeImage(): Promise<void> {
    const archive = join(this.world.directory, 'rootfs.tar');
    await this.succeed('tar', ['-C', this.world.rootfs, '-cf', archive, '.']);
    await this.call('import', archive, IMAGE);
  }

  /** Starts a container that goes on. @returns its id, which a CNI plugin is told */
  async start(
    name: string,
    options: readonly string[],
    command: readonly string[],
  ): Promise<string> {
    const own = ['--name', name, '--cgroup-parent', `/${this.world.name}`];
    const said = await this.call('run', '--detach', ...own, ...options, IMAGE, ...command);
    return said.trim().split('\n').at(-1)!;
  }

  /** Runs a command in a container; what it printed, whatever its status. */
  async exec(name: string, command: readonly string[]): Promise<string> {
    return (await this.try('exec', name, ...command)).output;
  }

  /** @throws Error where podman says that it failed */
  call(...parameters: readonly string[]): Promise<string> {
    return this.succeed('podman', [...this.where, ...parameters]);
  }

  try(...parameters: readonly string[]): Promise<Ended> {
    const variables = { CONTAINERS_CONF: this.configuration };
    return this.world.run('podman', [...this.where, ...parameters], variables);
  }

  /** Where its service listens, once it is started. */
  get socket(): string {
    return join(this.world.directory, 'podman.sock');
  }

  /** Starts the service that tells others of containers. */
  async serve(): Promise<void> {
    const { configuration, socket, where } = this;
    const options = { ...process.env, CONTAINERS_CONF: configuration };
    const parameters = [...where, 'system', 'service', '--time', '0', `unix://${socket}`];
    this.service = spawn('podman', parameters, { env: options, stdio: 'ignore' });
    for (let left = 200; left > 0 && !existsSync(socket); left--) await setTimeout(50);
    if (!existsSync(socket)) throw new Error(`podman does not listen on ${socket} after 10 s`);
  }

  /** Ends the service, if it runs. */
  async stopService(): Promise<void> {
    const { service } = this;
    if (!service || service.exitCode !== null) return;
    const ended = once(service, 'exit');
    service.kill('SIGKILL');
    await ended;
    rmSync(this.socket, { force: true });
  }

  /** Nothing of it runs any more. */
  async end(): Promise<void> {
    await this.stopService();
    await this.try('rm', '--all', '--force', '--time', '0');
  }

  private async succeed(program: string, parameters: readonly string[]): Promise<string> {
    const variables = { CONTAINERS_CONF: this.configuration };
    const { status, output } = await this.world.run(program, parameters, variables);
    if (status === 0) return output;
    throw new Error(`${program} ${parameters.join(' ')}: exit status ${status}: ${output}`);
  }
}
