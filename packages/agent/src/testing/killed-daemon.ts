/**
 * For the live tests: a daemon that is killed and started again, and three endpoints with traffic.
 * Anna may talk to bert, carl may not.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  attachedProgramIds,
  attachTcx,
  hasTcx,
  loadProgram,
  type TcDirection,
  type TcMechanism,
} from '@skep/bpf';
import { asm, encode, type ProgramObject, r0 } from '@skep/bytecode';
import { TcAction } from '@skep/ebpf';
import { createNamespace, deleteNamespace, Network } from '@skep/netlink';
import {
  BpfProgramType,
  inNetworkNamespace,
  isBpfFileSystem,
  unmountBpfFileSystem,
} from '@skep/sys';
import { parseAddress } from '@skep/wire';
import { AgentClient } from '../api/client.ts';
import type { KernelFeatures } from '../kernel/kernel-features.ts';
import type { MasqueradeOptions } from '../masquerade/masquerade-options.ts';
import { ONLY_ANNA } from './policies.ts';
import { Talker } from './talk.ts';

const DAEMON = fileURLToPath(new URL('./daemon-main.js', import.meta.url));
const NAMES = ['anna', 'bert', 'carl'] as const;
type Name = (typeof NAMES)[number];
const DIRECTIONS = ['ingress', 'egress'] as const;

/** Leaves every packet to the programs after it. */
const OTHER: ProgramObject = {
  name: 'other',
  programType: BpfProgramType.SCHED_CLS,
  license: 'GPL',
  code: encode([asm.mov64(r0, TcAction.Next), asm.exit()]),
  ...{ maps: [], mapReferences: [], functions: [], lines: [], stackBytes: 0 },
};

let worlds = 0;

/** One life of the daemon. */
export interface DaemonLife {
  /** Path of another build's `daemon-main`. */
  readonly main?: string;
  /** Default: off. */
  readonly masquerade?: MasqueradeOptions;
  /** Where it writes its steps. */
  readonly stepsFile?: string;
  /** The step that it is killed at, 1 or more. */
  readonly fatalStep?: number;
}

/** The daemon, its clients, and everything that goes with it at the end of the test. */
export class KilledDaemon {
  readonly client: AgentClient;
  readonly bpffs: string;
  readonly socket: string;
  private readonly directory = mkdtempSync(join(tmpdir(), 'skep-daemon-'));
  private readonly prefix = `skep-daemon-${process.pid}-${++worlds}`;
  private readonly talkers = new Map<Name, Talker>();
  private readonly more: Talker[] = [];
  private daemon: ChildProcess | undefined;
  /** What the daemon has written to its standard error. */
  private said = '';

  constructor() {
    this.bpffs = join(this.directory, 'bpf');
    this.socket = join(this.directory, 'agent.sock');
    this.client = new AgentClient(this.socket);
  }

  /** Endpoints, a server in bert, and the policy. */
  async setUp(features: KernelFeatures, life: DaemonLife = {}): Promise<void> {
    for (const name of ['node', ...NAMES]) createNamespace(`${this.prefix}-${name}`);
    this.inNode((network) => network.links.set('lo', { isUp: true }));
    for (const uplink of life.masquerade?.uplinks ?? []) this.addUplink(uplink);
    await this.start(features, life);
    for (const [index, name] of NAMES.entries()) {
      await this.client.addEndpoint({
        name,
        namespace: 'test',
        labels: { app: name },
        ipv4: `10.98.0.${index + 1}`,
        networkNamespace: this.pathOf(name),
      });
      this.talkers.set(name, new Talker(this.pathOf(name)));
    }
    await this.talker('bert').ask({ serve: 7000 });
    await this.talker('bert').ask({ serveDatagrams: 7000 });
    await this.client.applyPolicies(ONLY_ANNA, 'bert.yaml');
  }

  async tearDown(): Promise<void> {
    for (const talker of [...this.talkers.values(), ...this.more]) talker.stop();
    await this.client.uninstall().catch(() => {});
    // Where it has not ended by itself, as after an uninstall that failed.
    this.daemon?.kill('SIGKILL');
    if (isBpfFileSystem(this.bpffs)) unmountBpfFileSystem(this.bpffs);
    this.client.close();
    for (const name of ['node', ...NAMES]) deleteNamespace(`${this.prefix}-${name}`);
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** @param life of which build, and where it ends by itself. Default: this one, and nowhere */
  start(features: KernelFeatures, life: DaemonLife = {}): Promise<void> {
    const parameters = [join(this.directory, 'state'), this.bpffs, this.socket];
    const { masquerade } = life;
    const more = [this.pathOf('node'), JSON.stringify({ features, masquerade })];
    const steps = life.stepsFile ? [life.stepsFile, String(life.fatalStep ?? 0)] : [];
    const daemon = fork(life.main ?? DAEMON, [...parameters, ...more, ...steps], {
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    this.said = '';
    daemon.stderr!.on('data', (data) => {
      this.said += String(data);
    });
    this.daemon = daemon;
    return new Promise((resolve, reject) => {
      daemon.once('message', () => resolve());
      daemon.once('close', () => reject(new Error(`the daemon has ended: ${this.said}`)));
    });
  }

  kill(): Promise<unknown> {
    const gone = this.gone();
    this.daemon!.removeAllListeners('message').kill('SIGKILL');
    return gone;
  }

  /** As a service manager ends it. */
  terminate(): void {
    this.daemon!.removeAllListeners('message').kill('SIGTERM');
  }

  /** The exit status of the daemon that runs now, when it ends. */
  gone(): Promise<unknown> {
    return new Promise((resolve) => this.daemon!.once('exit', resolve));
  }

  talker(name: Name): Talker {
    return this.talkers.get(name)!;
  }

  /** One more process in an endpoint's namespace, that ends with the others. */
  newTalker(name: Name): Talker {
    const talker = new Talker(this.pathOf(name));
    this.more.push(talker);
    return talker;
  }

  connect(name: Name): Promise<string> {
    return this.talker(name).ask({ connect: '10.98.0.2', port: 7000 });
  }

  /** Of the folder that has the tables of each layout. */
  layouts(): string[] {
    return readdirSync(join(this.bpffs, 'maps')).sort();
  }

  /** Names of the node's interfaces. */
  interfaces(): string[] {
    return this.inNode((network) => network.links.list().map((link) => link.name));
  }

  /** Names of pinned links. */
  pins(): string[] {
    const folder = join(this.bpffs, 'links');
    return existsSync(folder) ? readdirSync(folder).sort() : [];
  }

  /** All that is pinned, as paths from the folder of pins. */
  allPins(): string[] {
    const entries = readdirSync(this.bpffs, { recursive: true, withFileTypes: true });
    // The kernel has files of its own there, beside the folders.
    const pins = entries.filter((entry) => !entry.isDirectory() && entry.parentPath !== this.bpffs);
    return pins.map(({ parentPath, name }) => relative(this.bpffs, join(parentPath, name))).sort();
  }

  /** How many programs are attached to an interface of the node by links, each way. */
  linkedPrograms(name: string): number[] {
    return this.inNode((network) => {
      const { index } = network.links.get(name);
      return DIRECTIONS.map((direction) => this.countAttached(network, index, direction).tcx);
    });
  }

  /** A program of somebody else at the ingress of an interface of the node, until it is closed. */
  attachOther(name: string): () => void {
    return this.inNode((network) => {
      const program = loadProgram(OTHER);
      const ifindex = network.links.get(name).index;
      const where = { program, ifindex, direction: 'ingress', position: 'first' } as const;
      const link = inNetworkNamespace(this.pathOf('node'), () => attachTcx(where));
      program.close();
      return () => link.close();
    });
  }

  /** Each direction of each endpoint has one program, attached in the one way and no other. */
  assertAttached({ mechanism, hasNetkit }: KernelFeatures): void {
    const expected = hasNetkit ? 'netkit' : mechanism;
    this.inNode((network) => {
      for (const id of NAMES.keys()) {
        const { index, kind } = network.links.get(`skep${id + 1}`);
        assert.equal(kind, hasNetkit ? 'netkit' : 'veth');
        const found = DIRECTIONS.map((direction) => this.countAttached(network, index, direction));
        const want = { tcx: 0, clsact: 0, netkit: 0, [expected]: 1 };
        assert.deepEqual(found, [want, want], `skep${id + 1}`);
        assert.equal(network.trafficControl.hasClsact(index), expected === 'clsact');
      }
    });
  }

  private countAttached(network: Network, ifindex: number, direction: TcDirection) {
    const where = { ifindex, direction, classifiers: network.trafficControl };
    const isNetkit = network.links.get(ifindex).kind === 'netkit';
    const count = (mechanism: TcMechanism): number =>
      inNetworkNamespace(this.pathOf('node'), () => attachedProgramIds({ ...where, mechanism }))
        .length;
    return {
      tcx: hasTcx() ? count('tcx') : 0,
      clsact: count('clsact'),
      netkit: isNetkit ? count('netkit') : 0,
    };
  }

  /** An interface with an address that leads nowhere. */
  private addUplink(name: string): void {
    this.inNode(({ links, addresses }) => {
      const { index } = links.createVeth({ name, peer: { name: `${name}-far` } });
      for (const text of ['192.0.2.1', '2001:db8::1']) {
        const address = parseAddress(text);
        addresses.add({ linkIndex: index, address, prefixLength: 24, isDetectionSkipped: true });
      }
      links.set(name, { isUp: true });
      links.set(`${name}-far`, { isUp: true });
    });
  }

  private inNode<T>(task: (network: Network) => T): T {
    const network = new Network(this.pathOf('node'));
    try {
      return task(network);
    } finally {
      network.close();
    }
  }

  private pathOf(name: string): string {
    return `/run/netns/${this.prefix}-${name}`;
  }
}
