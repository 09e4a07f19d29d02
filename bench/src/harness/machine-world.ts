/**
 * The same node on the machine, which counts what a packet needs: instructions, helpers, lookups.
 */
import { DatapathTables, NodeModel } from '@skep/agent';
import type { LoadedProgram, MachineOptions, RunResult } from '@skep/bytecode';
import { endpointPrograms, MachineTables } from '@skep/datapath';
import { parsePolicies } from '@skep/policy';
import { afterRestore, leafProgram, restoringProgram } from './machine-turns.ts';
import { least } from './statistics.ts';
import { factsOf, node, receiver, sender, type WorldEndpoint } from './datapath-world.ts';

/** Two endpoints and the policies given to it. */
export class MachineWorld {
  readonly #fromEndpoint: LoadedProgram;
  readonly #tables: MachineTables;
  readonly #byPacket = new Map<Uint8Array, LoadedProgram>();

  constructor(yaml: string, options: MachineOptions = {}) {
    this.#tables = new MachineTables(node, options);
    let revision = 0;
    const nextRevision = (): number => {
      revision += 1;
      return revision;
    };
    const model = new NodeModel(new DatapathTables(this.#tables), { nextRevision });
    for (const endpoint of [sender, receiver]) {
      model.addEndpoint(factsOf(endpoint, 100 + endpoint.id));
    }
    this.#fromEndpoint = this.#tables.load(endpointPrograms(node).fromEndpoint);
    model.applyDocuments(parsePolicies(yaml, { file: 'bench.yaml', defaultNamespace: 'bench' }));
  }

  /** Runs one packet that an endpoint sends. */
  send(endpoint: WorldEndpoint, packet: Uint8Array): RunResult {
    return this.#fromEndpoint.run({ packet, context: contextOf(endpoint) });
  }

  /**
   * Nanoseconds of each of many turns that begin with the same packet. What restoring it costs is
   * measured with a program that does nothing, and taken off.
   */
  timeTurns(endpoint: WorldEndpoint, packet: Uint8Array, turns: number): number {
    const context = contextOf(endpoint);
    const restoring = this.#restoring(packet);
    const leaf = this.#tables.load(leafProgram);
    const time = (program: LoadedProgram): number =>
      program.run({ packet, context, repeat: turns }).durationNanoseconds!;
    const verdict = this.send(endpoint, packet).returnValue;
    const through = (target: LoadedProgram): number => {
      this.#tables.setProgram(afterRestore, 0, target.object);
      return time(restoring);
    };
    const ours = through(this.#fromEndpoint);
    const { returnValue } = restoring.run({ packet, context, repeat: 2 });
    if (returnValue !== verdict) {
      throw new Error(`turns of one packet: verdict ${returnValue}, expected ${verdict}`);
    }
    const cost = least(() => through(leaf)) - least(() => time(leaf));
    return ours - cost;
  }

  #restoring(packet: Uint8Array): LoadedProgram {
    const known = this.#byPacket.get(packet);
    if (known) return known;
    const program = this.#tables.load(restoringProgram(packet));
    this.#byPacket.set(packet, program);
    return program;
  }
}

function contextOf(endpoint: WorldEndpoint): { ifindex: number } {
  return { ifindex: 100 + endpoint.id };
}
