/** What a machine has of an agent and its endpoints: read before the churn, and after it. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { programsOfTables, readLeftState, readTableRows } from '@skep/agent/testing';
import { listLinks } from '@skep/bpf';
import type { ChurnNode } from './churn-node.ts';

/** Tables that endpoints and policies fill and empty again; others only age. */
const EMPTIED = ['skep_endpoint', 'skep_subject', 'skep_selectors', 'skep_address', 'skep_prefix'];

/** Two that are equal mean that nothing is left. */
export type Inventory = Readonly<Record<string, unknown>>;

/** Reads all of it; whoever looks twice sees what has become of the time in between. */
export async function takeInventory(node: ChurnNode): Promise<Inventory> {
  const { agent, bpffs, state } = node;
  const status = await agent.status();
  const uses = status.tables.filter(({ name }) => EMPTIED.includes(name));
  const { programs, ...rows } = readTableRows(bpffs);
  const users = programsOfTables(bpffs);
  const { endpoints, policies } = readLeftState(state);
  return {
    endpoints: (await agent.listEndpoints()).map(({ name }) => name),
    policies: (await agent.listPolicies()).map(({ key }) => key),
    identities: (await agent.listIdentities()).map(({ labels }) => labels),
    reserved: status.reserved.map(({ number, endpoints, places }) => [number, endpoints, places]),
    addressesTaken: (await agent.listPools()).map(({ taken }) => taken),
    problems: status.problems,
    tables: Object.fromEntries(uses.map(({ name, used }) => [name, used])),
    rows,
    journal: { endpoints, policies },
    subjectPrograms: programs.length,
    programs: users.length,
    bpfLinks: listLinks().filter(({ programId }) => users.includes(programId)).length,
    pins: pinsBelow(bpffs),
    interfaces: node.inNode((network) => network.links.list().map(({ name }) => name)),
    routes: node.inNode((network) => network.routes.list().length),
    neighbours: node.inNode((network) => network.neighbours.list().length),
  };
}

/** Open files of a process, by what they are, as often as they are open. */
export function listDescriptors(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((name) => {
    try {
      return [readlinkSync(join(folder, name)).replace(/:\[\d+\]$/, '')];
    } catch {
      return [];
    }
  });
}

/** Bytes that a process has in memory. */
export function residentBytes(pid: number): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!;
  return Number(kibibytes) * 1024;
}

function pinsBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const pins = entries.filter((entry) => !entry.isDirectory());
  return pins.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).sort();
}
