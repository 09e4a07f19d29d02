/** The end of a churn: what is there still, and what the agent that was there has grown by. */
import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { countCurrentFlows } from '@skep/agent/testing';
import type { ChurnNode } from './churn-node.ts';
import type { Containers } from './containers.ts';
import { listDescriptors, type Inventory, residentBytes, takeInventory } from './inventory.ts';

/** Programs and namespaces go in the kernel's own time. */
const POLLS = 20;
const POLL_MILLISECONDS = 250;
/** What an agent may have grown by that has made and removed some dozens of endpoints. */
const GROWTH_BYTES_MAX = 64 * 2 ** 20;

interface Settled {
  readonly after: Inventory;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly wrong: readonly string[];
}

/** Compares, also with an agent that is fresh: it has had one container, where others had many. */
export async function settle(parts: {
  readonly node: ChurnNode;
  readonly before: Inventory;
  readonly containers: Containers;
  /** Starts one more container, and ends it. */
  readonly tryOne: () => Promise<void>;
}): Promise<Settled> {
  const { node, before, containers } = parts;
  const after = await untilSame(node, before);
  const wrong = differences(before, after).map((each) => `left: ${each}`);
  const namespaces = [...containers.namespaces].filter((path) => {
    return path.startsWith('/run/netns/') && existsSync(path);
  });
  wrong.push(...namespaces.map((path) => `left: namespace ${path}`));
  const flows = countCurrentFlows(node.bpffs);
  if (flows > 0) wrong.push(`${flows} flows of endpoints that are gone would still be believed`);
  const { logged } = node;
  wrong.push(...logged.map((line) => `the agent said: ${line}`));
  const old = await measure(node);
  await node.endAgent('SIGTERM');
  await node.startAgent();
  await parts.tryOne();
  const fresh = await measure(node);
  wrong.push(
    ...differences(before, await untilSame(node, before)).map((each) => `left after all: ${each}`),
  );
  const open = without(old.descriptors, fresh.descriptors);
  if (open.length > 0) wrong.push(`open files that a fresh agent has not: ${open.join(', ')}`);
  if (old.bytes - fresh.bytes > GROWTH_BYTES_MAX) {
    wrong.push(`memory: ${old.bytes} bytes, of a fresh agent ${fresh.bytes}`);
  }
  const mebibytes = [old.bytes, fresh.bytes].map((bytes) => Math.round(bytes / 2 ** 20));
  const descriptors = [old.descriptors.length, fresh.descriptors.length];
  return { after, wrong, facts: { descriptors, mebibytes } };
}

async function measure(node: ChurnNode): Promise<{ descriptors: string[]; bytes: number }> {
  // Connections of those who asked end with them.
  node.agent.close();
  await pause(POLL_MILLISECONDS);
  const pid = node.agentPid;
  return { descriptors: listDescriptors(pid), bytes: residentBytes(pid) };
}

async function untilSame(node: ChurnNode, before: Inventory): Promise<Inventory> {
  for (let poll = 1; ; poll++) {
    const after = await takeInventory(node);
    if (poll === POLLS || isDeepStrictEqual(before, after)) return after;
    await pause(POLL_MILLISECONDS);
  }
}

function differences(before: Inventory, after: Inventory): string[] {
  return Object.keys(before)
    .filter((key) => !isDeepStrictEqual(before[key], after[key]))
    .map((key) => `${key} ${difference(before[key], after[key])}`);
}

function difference(before: unknown, after: unknown): string {
  if (Array.isArray(before) && Array.isArray(after)) {
    const [more, less] = [without(after, before), without(before, after)];
    return `more ${JSON.stringify(more)}, less ${JSON.stringify(less)}`;
  }
  return `${JSON.stringify(after)}, was ${JSON.stringify(before)}`;
}

/** The elements of a list that another has not, or not so often. */
function without<T>(all: readonly T[], others: readonly T[]): T[] {
  const left = others.map((each) => JSON.stringify(each));
  return all.filter((each) => {
    const at = left.indexOf(JSON.stringify(each));
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}
