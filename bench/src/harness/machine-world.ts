/**
 * The same node on the machine, which counts what a packet needs: instructions, helpers, lookups.
 */
import { DatapathTables, NodeModel } from '@skep/agent';
import type { LoadedProgram, MachineOptions, RunResult } from '@skep/bytecode';
import { endpointPrograms, MachineTables } from '@skep/datapath';
import { parsePolicies } from '@skep/policy';
import { factsOf, node, receiver, sender, type WorldEndpoint } from './datapath-world.ts';

/** Two endpoints and the policies given to it. */
export class MachineWorld {
  readonly #fromEndpoint: LoadedProgram;
  readonly #tables: MachineTables;

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
    return this.#fromEndpoint.run({ packet, context: { ifindex: 100 + endpoint.id } });
  }
}
