/**
 * What a sysdump is made of: all that helps to find out what is wrong, each part read on its own,
 * so that one that cannot be read takes no other with it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PolicyDocumentError, readDocuments } from '@skep/policy';
import { type AgentClient, AgentSilentError } from '../api/client.ts';
import type { AgentOptions } from '../node/node.ts';
import { decodeJournal } from '../state/journal-text.ts';
import { STATE_FILES } from '../state/memory.ts';
import type { DumpPart } from './dump-part.ts';
import { kernelParts } from './kernel-parts.ts';
import { machineParts } from './machine-parts.ts';
import { networkParts } from './network-parts.ts';
import { LEFT_OUT } from './redact.ts';

/** Where an agent is, or was. */
export interface DumpSource {
  readonly client: AgentClient;
  readonly places: Pick<AgentOptions, 'stateDirectory' | 'bpffsDirectory' | 'networkNamespace'>;
}

/** All of them: what the agent says, what it remembers, what the kernel has, the machine. */
export function sysdumpParts({ client, places }: DumpSource): DumpPart[] {
  const { stateDirectory, bpffsDirectory, networkNamespace } = places;
  return [
    ...untilSilent(agentParts(client)),
    { file: 'state/journal.json', read: () => readState(stateDirectory) },
    ...kernelParts(bpffsDirectory),
    ...networkParts(networkNamespace),
    ...machineParts(),
  ];
}

function agentParts(client: AgentClient): DumpPart[] {
  return [
    { file: 'agent/status.json', read: () => client.status() },
    { file: 'agent/health.json', read: () => client.health() },
    { file: 'agent/endpoints.json', read: () => client.listEndpoints() },
    { file: 'agent/identities.json', read: () => client.listIdentities(true) },
    { file: 'agent/ipcache.json', read: () => client.listIpcache() },
    { file: 'agent/policies.json', read: () => client.listPolicies() },
    { file: 'agent/flows.json', read: () => client.recentFlows({}) },
    { file: 'agent/metrics.txt', read: () => client.metrics() },
  ];
}

/** One that does not answer is waited for once, and not for each part. */
function untilSilent(parts: readonly DumpPart[]): DumpPart[] {
  let silence: AgentSilentError | undefined;
  return parts.map(({ file, read }) => ({
    file,
    read: async () => {
      if (silence) throw silence;
      try {
        return await read();
      } catch (error) {
        if (error instanceof AgentSilentError) silence = error;
        throw error;
      }
    },
  }));
}

/** The state as the journal has it, read beside an agent that goes on writing it. */
function readState(directory: string): Record<string, unknown> {
  const path = join(directory, STATE_FILES[0]!);
  const held = new Map<string, unknown>();
  for (const [key, value] of decodeJournal(readFileSync(path), path).changes) {
    if (value === null) held.delete(key);
    else held.set(key, value);
  }
  return Object.fromEntries([...held].map(([key, value]) => [key, withPoliciesRead(value)]));
}

/**
 * Policies as what they say, and not as they were written: of their text nobody knows where a
 * secret begins and ends, and what people have written beside it is their own business.
 */
function withPoliciesRead(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withPoliciesRead);
  if (typeof value !== 'object' || value === null) return value;
  const isPolicy = 'file' in value && 'keys' in value;
  const entries = Object.entries(value).map(([field, each]) => {
    const isText = isPolicy && field === 'text' && typeof each === 'string';
    return [field, isText ? readPolicyText(each) : withPoliciesRead(each)];
  });
  return Object.fromEntries(entries);
}

/** The one document, or all of them; a text that cannot be read is left out as a whole. */
function readPolicyText(text: string): unknown {
  try {
    const documents = readDocuments(text, '').map(({ value }) => value);
    return documents.length === 1 ? documents[0] : documents;
  } catch (error) {
    const { problems: [problem] = [] } = error as Partial<PolicyDocumentError>;
    // What is wrong may quote what is to be left out.
    const where = problem ? ` at line ${problem.line}` : '';
    return `${LEFT_OUT}: no YAML that can be read${where}`;
  }
}
