/**
 * Policies about the node itself, at its uplinks: on while there are some. Turning it on ends no
 * connection that the rules allow: first flows are only followed, then those that were open before
 * are made known, then the rules decide.
 */
import type { PolicyDocument } from '@skep/policy';
import { readJiffies } from '../kernel/jiffies.ts';
import type { Node } from '../node/node.ts';
import type { Uplinks } from '../uplinks/uplinks.ts';
import { writeKnownFlows } from './known-flows.ts';
import { nodeFlows } from './sockets.ts';

/** See the head of this file. */
export class HostGuard {
  private isOn = false;

  constructor(
    private readonly node: Node,
    private readonly uplinks: Uplinks,
  ) {}

  /**
   * After a start. Where the agent before has left it on, its programs decide until those of this
   * one are in their place: nothing is open meanwhile.
   *
   * @throws VerifierError, KernelError, NetlinkError
   */
  start(): void {
    const { kernel, memory, model } = this.node;
    const { isTakenOver, upgradedFrom } = kernel;
    if (!model.isHostEnforced) return this.turnOff();
    const isLeft = isTakenOver || upgradedFrom !== undefined;
    if (!memory.current.isHostGuarded || !isLeft) return this.turnOn();
    this.uplinks.guard(true);
    this.isOn = true;
    // What has begun since flows were carried over is in the tables of the layout before.
    if (upgradedFrom !== undefined) this.makeKnown();
  }

  /**
   * Before documents come into force.
   *
   * @param node as which it is there then
   * @throws VerifierError, KernelError, NetlinkError
   */
  prepare(documents: readonly PolicyDocument[], node = this.node.model.node): void {
    const { model } = this.node;
    if (!this.isOn && documents.some((each) => model.isAboutNode(each, node))) this.turnOn();
  }

  /** When documents are in force, or are no more. @throws KernelError, NetlinkError */
  settle(): void {
    if (this.isOn && !this.node.model.isHostEnforced) this.turnOff();
  }

  private turnOn(): void {
    const { memory, model } = this.node;
    memory.changeNode({ isHostGuarded: true });
    model.followHost();
    try {
      this.uplinks.guard(true);
      this.makeKnown();
    } catch (error) {
      this.turnOff();
      throw error;
    }
    model.enforceHost();
    this.isOn = true;
  }

  private turnOff(): void {
    const { memory, model } = this.node;
    this.isOn = false;
    this.uplinks.guard(false);
    model.leaveHost();
    if (memory.current.isHostGuarded) memory.changeNode({ isHostGuarded: undefined });
  }

  private makeKnown(): void {
    const { kernel, network } = this.node;
    writeKnownFlows(kernel, nodeFlows(network.namespace), readJiffies());
  }
}
