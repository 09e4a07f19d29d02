/**
 * Packet tables on real devices: the programs are attached to the host's ends of two pairs, the
 * frame is really sent, and what comes out is really received.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attachTc, type TcAttachment, type TcDirection, type TcMechanism } from '@skep/bpf';
import type { ProgramObject } from '@skep/bytecode';
import { inNetworkNamespace, mountBpfFileSystem, unmountBpfFileSystem } from '@skep/sys';

import { endpointPrograms, type NodeConstants, uplinkPrograms } from '../../programs.ts';
import type { Delivery, Engine, HookName, UplinkHookName } from '../engine.ts';
import { KernelTables } from '../kernel-tables.ts';
import { changed, type Counts, counters } from '../run-case.ts';
import { ANNA, BERT, NODE, type TrialEndpoint } from '../world.ts';
import { UPLINK_INTERFACE, UPLINK_TASKS } from '../world.ts';
import { isRouted, judge, judgeAtUplink } from './judge.ts';
import { type Arrival, LiveNetwork, type PairKind } from './live-network.ts';

/** For one packet: within one softirq where the machine is idle. */
const WAIT_MILLISECONDS = 2_000;
/** For what should not come. */
const SETTLE_MILLISECONDS = 4;

/** Tables in the kernel, devices in namespaces of their own; `close` ends all of it. */
export class LiveEngine extends KernelTables implements Engine {
  readonly name = 'live';
  private readonly node: NodeConstants;
  private network: LiveNetwork | undefined;
  private readonly attachments: TcAttachment[] = [];

  /** @throws KernelError EPERM without the rights; what was made so far is taken away again */
  constructor(private readonly kind: PairKind = 'veth') {
    const node: NodeConstants = { ...NODE, hasNetkit: kind === 'netkit' ? 1 : 0 };
    super(node);
    this.node = node;
    try {
      this.network = new LiveNetwork(kind);
      this.attachAll(this.network);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  carry(hook: HookName, endpoint: TrialEndpoint, frame: Uint8Array): Delivery {
    const network = this.network!;
    const before = counters(this);
    const arrivals: Arrival[] = [];
    network.send(hook, endpoint, frame);
    waitUntil(() => {
      arrivals.push(...network.receive());
      return this.hasEnded(before, arrivals, frame);
    });
    return judge(hook, endpoint, frame, arrivals);
  }

  carryAtUplink(hook: UplinkHookName, frame: Uint8Array): Delivery {
    const network = this.network!;
    const before = counters(this);
    const arrivals: Arrival[] = [];
    network.sendAtUplink(hook, frame);
    waitUntil(() => {
      arrivals.push(...network.receive());
      return arrivals.length > 0 || changed(before, counters(this)).some((reason) => reason !== 0);
    });
    return judgeAtUplink(hook, arrivals);
  }

  settle(): void {
    sleep(SETTLE_MILLISECONDS);
    const late = this.network!.receive();
    if (late.length === 0) return;
    const places = late.map(({ place, frame }) => {
      return `${place.kind}: ${Buffer.from(frame).toString('hex')}`;
    });
    throw new Error(`frames that no step accounts for came out at ${places.join(', ')}`);
  }

  override close(): void {
    for (const attachment of this.attachments.splice(0)) attachment.close();
    this.network?.close();
    this.network = undefined;
    super.close();
  }

  /** What passes is seen where it comes out, a drop by its count. */
  private hasEnded(before: Counts, arrivals: readonly Arrival[], frame: Uint8Array): boolean {
    const last = arrivals.at(-1)?.place.kind;
    if (last !== undefined && (last !== 'stack' || !isRouted(frame))) return true;
    return changed(before, counters(this)).some((reason) => reason !== 0);
  }

  /**
   * Pins are needed for the moment of attaching only: with the file system they go at once, and the
   * links end with this process, however it ends.
   */
  private attachAll(network: LiveNetwork): void {
    const { fromEndpoint, toEndpoint } = endpointPrograms(this.node);
    const { fromNetwork, toNetwork } = uplinkPrograms(this.node, UPLINK_TASKS);
    const folder = mkdtempSync(join(tmpdir(), 'skep-live-'));
    mountBpfFileSystem(folder);
    const { trafficControl: classifiers } = network.host;
    const netkit = this.kind === 'netkit' ? { mechanism: 'netkit' as const } : {};
    const attach = (
      ifindex: number,
      direction: TcDirection,
      object: ProgramObject,
      way: { mechanism?: TcMechanism } = {},
    ): void => {
      const program = this.load(object);
      const pinPath = join(folder, `${ifindex}-${direction}`);
      const options = { program, ifindex, direction, pinPath, classifiers, ...way };
      this.attachments.push(attachTc(options));
    };
    try {
      inNetworkNamespace(network.host.namespace, () => {
        for (const { interfaceIndex } of [ANNA, BERT]) {
          attach(interfaceIndex, 'egress', toEndpoint, netkit);
          attach(interfaceIndex, 'ingress', fromEndpoint, netkit);
        }
        attach(UPLINK_INTERFACE, 'egress', toNetwork);
        attach(UPLINK_INTERFACE, 'ingress', fromNetwork);
      });
    } finally {
      unmountBpfFileSystem(folder);
    }
  }
}

/** Gives up in silence: what has not come is missed by who looks at what has. */
function waitUntil(isDone: () => boolean): void {
  const deadline = Date.now() + WAIT_MILLISECONDS;
  while (!isDone() && Date.now() < deadline) sleep(1);
}

const cell = new Int32Array(new SharedArrayBuffer(4));

function sleep(milliseconds: number): void {
  Atomics.wait(cell, 0, 0, milliseconds);
}
