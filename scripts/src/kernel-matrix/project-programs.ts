/** Every kernel program of the project, compiled: what has to load on every kernel. */
import { join } from 'node:path';
import { isAtFunction } from '@skep/bpf';
import type { ProgramObject } from '@skep/bytecode';
import { compileProgram } from '@skep/compiler';
import { compileModule, formatDiagnostics } from '@skep/compiler/front-end';
import { Direction } from '@skep/contract';
import {
  decidedProgram,
  endpointPrograms,
  type NodeConstants,
  policyProgram,
  uplinkPrograms,
} from '@skep/datapath';
import { PolicyProtocol, type Segment } from '@skep/policy';
import { filesUnder, projectRoot } from '../project.ts';

/** All that a node can switch on, so that nothing is left out of a program. */
const NODE: NodeConstants = {
  jiffiesPerSecond: 250,
  hasRedirectPeer: 1,
  hasNetkit: 1,
  reportsForwarded: 1,
};
const TASKS = { masquerades: 1, guardsHost: 1 } as const;
const ROLES = ['alone', 'successor'] as const;
const POLICY_PORTS = 64;

/** Hooks of the datapath, a policy, and the programs of every example. */
export async function projectPrograms(): Promise<ProgramObject[]> {
  const examples = await Promise.all(exampleSources().map(compileExample));
  return [
    ...ROLES.flatMap((role) => Object.values(endpointPrograms(NODE, role))),
    ...ROLES.map((role) => decidedProgram(NODE, role)),
    ...Object.values(uplinkPrograms(NODE, TASKS)),
    uplinkPrograms(NODE, { ...TASKS, recallsFormer: 1 }).fromNetwork,
    policy(),
    // Kernels may take no programs at their functions: the examples' own test runs those.
    ...examples.flat().filter((object) => !isAtFunction(object)),
  ];
}

/** One direction of a subject with a rule for each second port: no two can be joined. */
function policy(): ProgramObject {
  const segments = Array.from({ length: POLICY_PORTS }, (_, index): Segment => {
    const port = 1000 + 2 * index;
    const group = { allowGroup: index, denyGroup: index + 1 };
    return { protocol: PolicyProtocol.Tcp, first: port, last: port, ...group };
  });
  const table = { isEnforced: true, segments };
  return policyProgram('policy_64', table, Direction.Ingress);
}

function exampleSources(): string[] {
  const folder = join(projectRoot, 'examples/src');
  const names = filesUnder(folder).filter((file) => /^[\w-]+\.ts$/.test(file));
  return names.map((name) => join(folder, name));
}

async function compileExample(source: string): Promise<ProgramObject[]> {
  const { programs, diagnostics } = await compileModule(source);
  if (diagnostics.length > 0) throw new Error(formatDiagnostics(diagnostics));
  return programs.map((program) => compileProgram(program));
}
