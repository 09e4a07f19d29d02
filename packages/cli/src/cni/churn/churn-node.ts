/** A node whose agent is a process of its own, as a user starts it, and can be killed. */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { AgentClient, AgentUnreachableError } from '@skep/agent';
import { isBpfFileSystem, unmountBpfFileSystem } from '@skep/sys';
import { RunningSkep } from '../../testing/run-skep.ts';
import { ContainerNode } from '../testing/container-node.ts';

/** More than all containers of a run together have, while those before them cool down. */
const POOLS = ['10.93.0.0/22', 'fd93::/64'];
const POLL_MILLISECONDS = 50;
const PATIENCE_MILLISECONDS = 60_000;

/** The node; everything of it goes with {@link tearDown}. */
export class ChurnNode extends ContainerNode {
  readonly agent = new AgentClient(this.socket);
  readonly bpffs = join(this.directory, 'bpf');
  readonly state = join(this.directory, 'state');
  /** With the one network that containerd's containers are in. */
  readonly containerdFolder = join(this.directory, 'ctr.d');
  /** Lines that agents have logged: warnings and errors. */
  readonly logged: string[] = [];
  private daemon: RunningSkep | undefined;
  private containerdSocket: string | undefined;

  constructor() {
    super('churn');
  }

  /** Of the agent that runs now. */
  get agentPid(): number {
    return this.daemon!.pid;
  }

  /** Resolves when it answers. @param containerdSocket if not given, that of the one before */
  async startAgent(containerdSocket = this.containerdSocket): Promise<void> {
    this.containerdSocket = containerdSocket;
    const places = ['--state', this.state, '--bpffs', this.bpffs, '--socket', this.socket];
    const labels = containerdSocket ? ['--containerd', containerdSocket] : [];
    const daemon = new RunningSkep([
      ...['agent', ...places, '--namespace', this.networkNamespace, '--log-level', 'warn'],
      ...['--pool', ...POOLS, ...labels],
    ]);
    this.daemon = daemon;
    let end: string | undefined;
    daemon.ended.then(({ status, errors }) => {
      this.logged.push(...errors.split('\n').filter((line) => line !== ''));
      end = `status ${status}: ${errors}`;
    });
    await this.patiently(() => {
      if (end !== undefined) throw new Error(`the agent has ended: ${end}`);
      return this.agent.status();
    });
  }

  /** Whatever it is doing. */
  async endAgent(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.daemon!.kill(signal);
    await this.daemon!.ended;
  }

  /** Asks an agent that may be starting anew, until it answers. */
  async patiently<T>(ask: () => Promise<T>): Promise<T> {
    const deadline = performance.now() + PATIENCE_MILLISECONDS;
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        const isAway = error instanceof AgentUnreachableError;
        if (!isAway || performance.now() > deadline) throw error;
      }
      await pause(POLL_MILLISECONDS);
    }
  }

  async tearDown(): Promise<void> {
    if (this.daemon) {
      await this.agent.uninstall().catch(() => this.daemon!.kill('SIGKILL'));
      await this.daemon.ended;
    }
    this.agent.close();
    if (isBpfFileSystem(this.bpffs)) unmountBpfFileSystem(this.bpffs);
    this.removeNode();
  }
}
