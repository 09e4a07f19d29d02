/**
 * A node without a kernel: the same model, the same programs, the same tables, run on the machine.
 * What `skep policy test` asks, and what a lab falls back to where BPF is not permitted.
 */
import type { LoadedProgram, MachineOptions } from '@skep/bytecode';
import { DatapathEvent } from '@skep/contract';
import {
  endpointPrograms,
  MachineTables,
  type NodeConstants,
  uplinkPrograms,
} from '@skep/datapath';
import { codecOf, type Decoded, TcAction } from '@skep/ebpf';
import type { EndpointFacts } from '../model/endpoint-facts.ts';
import { NodeModel } from '../model/node-model.ts';
import type { NodeModelOptions } from '../model/node-model-options.ts';
import { DatapathTables } from '../tables/datapath-tables.ts';

const NODE: NodeConstants = { jiffiesPerSecond: 250, hasRedirectPeer: 1, reportsForwarded: 1 };

/** What became of a frame. */
export interface SimulatedResult {
  readonly verdict: 'forwarded' | 'dropped';
  /** A `DropReason`, of a drop. */
  readonly reason?: number;
  /** Host's interface of the endpoint that it went to; absent: left to the node's stack. */
  readonly interfaceIndex?: number;
  readonly frame: Uint8Array;
}

interface Hooks {
  readonly fromEndpoint: LoadedProgram;
  readonly toEndpoint: LoadedProgram;
  readonly fromNetwork: LoadedProgram;
  readonly toNetwork: LoadedProgram;
}

/** The node's interface to the world: its index is none that endpoints have. */
const UPLINK_INDEX = 1;

/** A node whose endpoints send frames that tests make, with the verdicts of the real programs. */
export class SimulatedNode {
  readonly model: NodeModel;
  private readonly tables: MachineTables;
  private readonly hooks: Hooks;
  private revision = 0;

  constructor(
    options: MachineOptions = {},
    nodeOptions: Pick<NodeModelOptions, 'nodeLabels' | 'safePorts'> = {},
  ) {
    this.tables = new MachineTables(NODE, options);
    this.model = new NodeModel(new DatapathTables(this.tables), {
      ...nodeOptions,
      nextRevision: () => ++this.revision,
    });
    const { fromEndpoint, toEndpoint } = endpointPrograms(NODE);
    const { fromNetwork, toNetwork } = uplinkPrograms(NODE, { masquerades: 0, guardsHost: 1 });
    this.hooks = {
      fromEndpoint: this.tables.load(fromEndpoint),
      toEndpoint: this.tables.load(toEndpoint),
      fromNetwork: this.tables.load(fromNetwork),
      toNetwork: this.tables.load(toNetwork),
    };
  }

  addEndpoint(facts: EndpointFacts): void {
    this.model.addEndpoint(facts);
  }

  removeEndpoint(id: number): void {
    this.model.removeEndpoint(id);
  }

  /** A frame that the endpoint sends. */
  sendFrom(id: number, frame: Uint8Array): SimulatedResult {
    return this.run(id, 'fromEndpoint', frame);
  }

  /** A frame that the node's stack hands to the endpoint. */
  sendTo(id: number, frame: Uint8Array): SimulatedResult {
    return this.run(id, 'toEndpoint', frame);
  }

  /** A frame between the world and the node, as the node gets or sends it at its uplink. */
  passUplink(hook: 'fromNetwork' | 'toNetwork', frame: Uint8Array): SimulatedResult {
    return this.runAt(UPLINK_INDEX, hook, frame);
  }

  private run(id: number, hook: keyof Hooks, packet: Uint8Array): SimulatedResult {
    const ifindex = this.model.endpoint(id)?.interfaceIndex;
    if (ifindex === undefined) throw new Error(`simulate endpoint ${id}: it does not exist`);
    return this.runAt(ifindex, hook, packet);
  }

  private runAt(ifindex: number, hook: keyof Hooks, packet: Uint8Array): SimulatedResult {
    const result = this.hooks[hook].run({ packet, context: { ifindex } });
    const events = this.takeEvents();
    const isDropped = result.returnValue === TcAction.Drop;
    const reason = events.find((event) => event.reason >= FIRST_DROP_REASON)?.reason;
    return {
      verdict: isDropped ? 'dropped' : 'forwarded',
      frame: result.packet,
      ...(isDropped && reason !== undefined ? { reason } : {}),
      ...(result.redirect ? { interfaceIndex: result.redirect.ifindex } : {}),
    };
  }

  private takeEvents(): Decoded<DatapathEvent>[] {
    return this.tables.takeEvents().map((bytes) => codecOf(DatapathEvent).decode(bytes));
  }
}

const FIRST_DROP_REASON = 130;
