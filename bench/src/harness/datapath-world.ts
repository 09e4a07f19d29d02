/**
 * A node without devices: the agent's own model over maps of the kernel that nothing is attached
 * to, and the datapath's programs, run by `BPF_PROG_TEST_RUN`.
 */
import {
  DatapathTables,
  type EndpointFacts,
  type KnownEndpoint,
  NodeModel,
  type RawTables,
} from '@skep/agent';
import { clearProgram, loadProgram, type Program, RingBufferReader, setProgram } from '@skep/bpf';
import type { ProgramObject } from '@skep/bytecode';
import * as datapath from '@skep/datapath';
import type { MapDeclaration } from '@skep/ebpf';
import { parsePolicies } from '@skep/policy';
import { type FrameDescription, makeFrame, parseAddress, parseMac } from '@skep/wire';
import type { Bench } from './kernel.ts';

/**
 * The loopback of the namespace that the process is in: what `BPF_PROG_TEST_RUN` gives a packet.
 */
export const testRunInterface = 1;
/** Constants of the node that everything is measured on. */
export const node = { jiffiesPerSecond: 250, hasRedirectPeer: 1, reportsForwarded: 1 } as const;
/** Of the host's end of every veth. */
export const gatewayMac = '02:00:00:00:00:fe';

/** A local endpoint of the namespace `bench`; its labels are `app` and `peer`. */
export interface WorldEndpoint {
  readonly id: number;
  readonly app: string;
  readonly mac: string;
  readonly ipv4: string;
}

/** The two endpoints: packets go from the first to the second and back. */
export const sender: WorldEndpoint = {
  id: 1,
  app: 'sender',
  mac: '02:00:00:00:00:01',
  ipv4: '10.0.0.1',
};
/** The other one. */
export const receiver: WorldEndpoint = {
  id: 2,
  app: 'receiver',
  mac: '02:00:00:00:00:02',
  ipv4: '10.0.0.2',
};
/** An address that belongs to no endpoint. */
export const worldAddress = '192.0.2.7';

/** The kernel's tables, neither pinned nor attached. */
class BenchTables implements RawTables {
  readonly #bench: Bench;
  readonly #slots = new Map<number, Program>();

  constructor(bench: Bench) {
    this.#bench = bench;
  }

  update(map: MapDeclaration, key: Uint8Array, value: Uint8Array): void {
    this.#bench.map(map).update(key, value);
  }

  lookup(map: MapDeclaration, key: Uint8Array): Uint8Array | undefined {
    return this.#bench.map(map).lookup(key);
  }

  delete(map: MapDeclaration, key: Uint8Array): void {
    this.#bench.map(map).delete(key);
  }

  entries(map: MapDeclaration): { key: Uint8Array; value: Uint8Array }[] {
    return [...this.#bench.map(map).entries()].map(([key, value]) => ({ key, value }));
  }

  setPolicy(slot: number, object: ProgramObject | null): void {
    const policies = this.#bench.map(datapath.policies);
    this.#slots.get(slot)?.close();
    this.#slots.delete(slot);
    if (!object) {
      clearProgram(policies, slot);
      return;
    }
    const program = loadProgram(object, { maps: this.#bench.maps });
    this.#slots.set(slot, program);
    setProgram(policies, slot, program.fd);
  }

  close(): void {
    for (const program of this.#slots.values()) program.close();
  }
}

/** What is attached to the host's end of every endpoint's veth. */
export interface EndpointPrograms {
  readonly fromEndpoint: Program;
  readonly toEndpoint: Program;
}

/** The datapath as the agent sets it up, with two endpoints. */
export class DatapathWorld {
  readonly model: NodeModel;
  /** Shared by all endpoints. */
  readonly programs: EndpointPrograms;
  readonly #bench: Bench;
  readonly #tables: BenchTables;
  readonly #indexOf: (endpoint: WorldEndpoint) => number;
  readonly #reader: RingBufferReader;
  #revision = 0;

  /** @param indexOf gives the host's interface of an endpoint, where there is one. */
  constructor(bench: Bench, indexOf = (endpoint: WorldEndpoint): number => 100 + endpoint.id) {
    this.#bench = bench;
    this.#indexOf = indexOf;
    for (const value of Object.values(datapath)) {
      if (typeof value === 'object' && 'kind' in value) bench.map(value);
    }
    this.#tables = new BenchTables(bench);
    this.#reader = new RingBufferReader(bench.map(datapath.events));
    const decided = bench.load(datapath.decidedProgram(node));
    setProgram(bench.map(datapath.policies), datapath.DECIDED, decided.fd);
    const nextRevision = (): number => {
      this.#revision += 1;
      return this.#revision;
    };
    this.model = new NodeModel(new DatapathTables(this.#tables), { nextRevision });
    const { fromEndpoint, toEndpoint } = datapath.endpointPrograms(node);
    this.programs = { fromEndpoint: bench.load(fromEndpoint), toEndpoint: bench.load(toEndpoint) };
    for (const endpoint of [sender, receiver]) this.know(endpoint);
  }

  /** Makes an endpoint known: the programs find it by the interface that it is behind. */
  know(endpoint: WorldEndpoint): KnownEndpoint {
    return this.model.addEndpoint(factsOf(endpoint, this.#indexOf(endpoint)));
  }

  /** Puts an endpoint behind the interface that test runs have, and gives what sees its packets. */
  fromEndpoint(endpoint: WorldEndpoint): Program {
    this.#bench.put(datapath.interfaces, testRunInterface, endpoint.id);
    return this.programs.fromEndpoint;
  }

  /** Applies policies of the namespace `bench`. @throws PolicyDocumentError, PolicyRefusedError */
  apply(yaml: string): void {
    const options = { file: 'bench.yaml', defaultNamespace: 'bench' };
    this.model.applyDocuments(parsePolicies(yaml, options));
  }

  /** Empties conntrack and the events, so that the next sample begins as this one did. */
  forget(): void {
    const connections = this.#bench.map(datapath.connections);
    for (const key of [...connections.keys()]) connections.delete(key);
    datapath.emptyNewcomerQueue(this.#tables);
    this.#reader.drain(() => {});
  }

  /** Closes what the bench does not know of. */
  close(): void {
    this.#reader.close();
    this.#tables.close();
  }
}

/** A TCP segment that an endpoint sends. */
export function segment(
  from: WorldEndpoint,
  to: string,
  tcp: NonNullable<FrameDescription['tcp']>,
): Uint8Array {
  const link = { sourceMac: from.mac, destinationMac: gatewayMac };
  return makeFrame({ ...link, source: from.ipv4, destination: to, tcp });
}

/** What the agent is told of an endpoint. */
export function factsOf(
  { id, app, mac, ipv4 }: WorldEndpoint,
  interfaceIndex: number,
): EndpointFacts {
  return {
    id,
    name: `${app}-${id}`,
    namespace: 'bench',
    labels: { app },
    ipv4: parseAddress(ipv4),
    interfaceIndex,
    mac: parseMac(mac),
    gatewayMac: parseMac(gatewayMac),
  };
}
