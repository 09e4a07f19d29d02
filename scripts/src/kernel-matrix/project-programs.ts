/** Every kernel program of the project, in each form that a kernel gets: what has to load there. */
import { basename, join } from 'node:path';
import { isAtFunction } from '@skep/bpf';
import type { ProgramObject } from '@skep/bytecode';
import { compileProgram, type IrProgram } from '@skep/compiler';
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
import { allForms, type FormedProgram, inOldestForm } from './forms.ts';

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

/** Nothing of the project has loops in all forms but this. */
const LOOPS = join(projectRoot, 'packages/compiler/testdata/long-loops.ts');

/** Hooks of the datapath, a policy, the programs of every example, and long loops. */
export async function projectPrograms(): Promise<FormedProgram[]> {
  const examples = await Promise.all(exampleSources().map(compileExample));
  const loops = await compileSource(LOOPS);
  const datapath = [
    ...ROLES.flatMap((role) => Object.values(endpointPrograms(NODE, role))),
    ...ROLES.map((role) => decidedProgram(NODE, role)),
    ...Object.values(uplinkPrograms(NODE, TASKS)),
    uplinkPrograms(NODE, { ...TASKS, recallsFormer: 1 }).fromNetwork,
    policy(),
  ];
  return [
    // The agent loads the same code on every kernel.
    ...datapath.map((object) => inOldestForm(object)),
    ...examples.flat(),
    ...loops.flatMap((program) => allForms(program, `${basename(LOOPS, '.ts')}: ${program.name}`)),
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

async function compileExample(source: string): Promise<FormedProgram[]> {
  const programs = await compileSource(source);
  return programs.flatMap((program) => allForms(program, nameOf(program, source)));
}

/** With its file's, of a program at a function of the kernel: each example has one like `begin`. */
function nameOf(program: IrProgram, source: string): string {
  const isLong = isAtFunction(compileProgram(program));
  return isLong ? `${basename(source, '.ts')}: ${program.name}` : program.name;
}

async function compileSource(source: string): Promise<readonly IrProgram[]> {
  const { programs, diagnostics } = await compileModule(source);
  if (diagnostics.length > 0) throw new Error(formatDiagnostics(diagnostics));
  return programs;
}
