/**
 * For the tests with real container runtimes: a node of its own (a network namespace), folders with
 * the plugin installed, and a root file system of busybox.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { canUseBpf } from '@skep/bpf';
import { createNamespace, deleteNamespace, Network, within } from '@skep/netlink';
import { installPlugin } from '../plugin-files.ts';

/** How a command ended, and what it printed. */
export interface Ended {
  readonly status: number | null;
  readonly output: string;
}

const TIME_SCALE = Number(process.env.SKEP_TIME_SCALE ?? 1);
const COMMAND_MILLISECONDS = 120_000 * TIME_SCALE;
/** Debian keeps some where only root's PATH looks. */
const PATH = `${process.env.PATH ?? ''}${delimiter}/usr/sbin${delimiter}/sbin`;

/** Why a test with these programs cannot run here, for its `skip`; false where it can. */
export function cannotRunContainers(programs: Readonly<Record<string, string>>): string | false {
  const folders = PATH.split(delimiter);
  const missing = Object.keys(programs).filter((name) => {
    return !folders.some((folder) => existsSync(join(folder, name)));
  });
  const packages = missing.map((name) => programs[name]);
  if (missing.length > 0) return `${missing.join(', ')} not here (Debian: ${packages.join(' ')})`;
  return canUseBpf() ?? false;
}

/** The node, without an agent; everything of it goes with {@link removeNode}. */
export class ContainerNode {
  readonly directory = mkdtempSync(join(tmpdir(), 'skep-containers-'));
  readonly name: string;
  readonly socket = join(this.directory, 'agent.sock');
  readonly folders = {
    binDir: join(this.directory, 'bin'),
    confDir: join(this.directory, 'net.d'),
  };
  readonly rootfs = join(this.directory, 'rootfs');

  /** @param kind of the runtime: part of every name that it makes */
  constructor(kind: string) {
    this.name = `skep-${kind}-${process.pid}`;
  }

  /** Path of the node's network namespace. */
  get networkNamespace(): string {
    return `/run/netns/${this.name}`;
  }

  makeNode(): void {
    createNamespace(this.name);
    this.inNode((network) => network.links.set('lo', { isUp: true }));
    for (const folder of ['bin', 'etc', 'proc', 'sys', 'dev', 'tmp', 'run']) {
      mkdirSync(join(this.rootfs, folder), { recursive: true });
    }
    copyFileSync(this.find('busybox'), join(this.rootfs, 'bin/busybox'));
    symlinkSync('busybox', join(this.rootfs, 'bin/sh'));
  }

  removeNode(): void {
    deleteNamespace(this.name);
    removeCgroups(this.name);
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Asks the kernel about the node's network. */
  inNode<T>(task: (network: Network) => T): T {
    const network = new Network(this.networkNamespace);
    try {
      return task(network);
    } finally {
      network.close();
    }
  }

  /** A network whose containers all have the labels. */
  addNetwork(
    name: string,
    labels: Readonly<Record<string, string>>,
    { confDir = this.folders.confDir, hasPortMappings = false } = {},
  ): void {
    const network = { name, socket: this.socket, cniVersion: '1.0.0', labels };
    installPlugin({ ...this.folders, confDir }, { ...network, hasPortMappings });
  }

  /** Runs a program in the node's network namespace, to its end. */
  async run(
    program: string,
    parameters: readonly string[],
    variables: NodeJS.ProcessEnv = {},
  ): Promise<Ended> {
    const child = this.spawn(program, parameters, variables);
    const timer = setTimeout(() => child.kill('SIGKILL'), COMMAND_MILLISECONDS);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text) => {
        output += text;
      });
    }
    child.stdin.end();
    // What it leaves behind may hold its output open: its own end is what counts.
    const [status] = (await once(child, 'exit')) as [number | null];
    clearTimeout(timer);
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (const stream of [child.stdout, child.stderr]) stream.destroy();
    return { status, output };
  }

  /** Starts a program in the node's network namespace. */
  spawn(
    program: string,
    parameters: readonly string[],
    variables: NodeJS.ProcessEnv = {},
  ): ChildProcessWithoutNullStreams {
    const options = { env: { ...process.env, PATH, ...variables } };
    return within(this.name, () => spawn(program, parameters, options));
  }

  private find(program: string): string {
    const folder = PATH.split(delimiter).find((each) => existsSync(join(each, program)));
    return join(folder!, program);
  }
}

/** Runtimes leave the groups that they were told to make theirs in. */
function removeCgroups(name: string): void {
  const root = '/sys/fs/cgroup';
  const hierarchies = [root, ...readdirSync(root).map((each) => join(root, each))];
  for (const folder of hierarchies.map((each) => join(each, name))) {
    if (existsSync(folder)) removeGroup(folder);
  }
}

function removeGroup(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeGroup(join(folder, entry.name));
  }
  rmdirSync(folder);
}
