/**
 * What the agent holds of its stored state while it runs; each change is on disk before it is told.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Disk, Journal } from './journal.ts';
import type { JournalChange } from './journal-text.ts';
import { parseEntry, type StoredEndpoint, type StoredNode } from './schema.ts';
import type { StoredLabels, StoredPending, StoredPolicy } from './schema.ts';
import { StateError } from './state-error.ts';

const FILE = 'state.journal';
/** What builds before the journal wrote. */
const OLD_FILE = 'state.json';
/** Every file that may be in a state directory. */
export const STATE_FILES: readonly string[] = [FILE, OLD_FILE, `${FILE}.new`];

const NEW_NODE: StoredNode = {
  revisionsReserved: 0,
  generation: 0,
  lastEndpointId: 0,
  lastIdentity: 0,
};

/** The file of a state directory that says whether an agent has been there. */
export function stateFile(directory: string): string {
  return join(directory, FILE);
}

/** The stored state, read once. A change that cannot be saved is not made. */
export class Memory {
  private readonly journal: Journal;
  private node: StoredNode = NEW_NODE;
  private readonly endpointsById = new Map<number, StoredEndpoint>();
  private readonly releasedAt = new Map<string, number>();
  private readonly policiesByNumber = new Map<number, StoredPolicy>();
  /** Which policy a document in force is of. */
  private readonly policyOfKey = new Map<string, number>();
  private lastPolicy = 0;
  private pendingChange: StoredPending | undefined;

  /**
   * @param directory made where it is not there, with access for its owner alone
   * @throws StateError, StateWriteError
   */
  constructor(directory: string, disk?: Disk) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const [path, oldPath] = [stateFile(directory), join(directory, OLD_FILE)];
    if (existsSync(oldPath)) {
      throw new StateError(oldPath, `version 1, expected 2 in ${FILE}: written by an older build`);
    }
    this.journal = new Journal(path, disk);
    for (const [key, value] of this.journal.entries()) {
      const entry = parseEntry(path, key, value);
      if (entry.kind === 'node') this.node = entry.value;
      else if (entry.kind === 'endpoint') this.endpointsById.set(entry.number, entry.value);
      else if (entry.kind === 'pending') this.pendingChange = entry.value;
      else if (entry.kind === 'released') this.releasedAt.set(entry.name, entry.value.at);
      else this.holdPolicy(entry.number, entry.value);
    }
  }

  /** Of its file. */
  get path(): string {
    return this.journal.path;
  }

  get current(): StoredNode {
    return this.node;
  }

  /** By id. */
  get endpoints(): ReadonlyMap<number, StoredEndpoint> {
    return this.endpointsById;
  }

  /** When each address that is to cool down was given back, in milliseconds since 1970. */
  get released(): ReadonlyMap<string, number> {
    return this.releasedAt;
  }

  /** In the order in which they were applied. */
  get policies(): StoredPolicy[] {
    return [...this.policiesByNumber].sort(([left], [right]) => left - right).map(([, it]) => it);
  }

  changeNode(changes: Partial<StoredNode>): void {
    const node = { ...this.node, ...changes };
    this.journal.append([['node', node]]);
    this.node = node;
  }

  /** Says that an endpoint is going to be made: from here on a crash undoes it. */
  beginEndpoint(endpoint: StoredEndpoint): void {
    this.putEndpoints([endpoint], { lastEndpointId: endpoint.id });
  }

  /**
   * Adds or replaces endpoints, and changes the node with them.
   *
   * @param isSynced false for the end of what was begun: where the power fails the devices are gone
   *   too
   */
  putEndpoints(
    endpoints: readonly StoredEndpoint[],
    changes: Partial<StoredNode> = {},
    isSynced = true,
  ): void {
    const node = { ...this.node, ...changes };
    const puts = endpoints.map((each): JournalChange => [`endpoint/${each.id}`, each]);
    this.journal.append([...puts, ['node', node]], isSynced);
    for (const each of endpoints) this.endpointsById.set(each.id, each);
    this.node = node;
  }

  /**
   * The end of what began with `removing`, or of an undone `creating`.
   *
   * @param release which addresses were given back, and when; which ones have cooled down
   */
  forgetEndpoint(
    id: number,
    release: { at: number; addresses: readonly string[]; cooled: readonly string[] },
  ): void {
    if (!this.endpointsById.delete(id)) return;
    const { at, addresses, cooled } = release;
    for (const address of cooled) this.releasedAt.delete(address);
    for (const address of addresses) this.releasedAt.set(address, at);
    const changes = [...cooled, ...addresses].map((address): JournalChange => {
      return [`released/${address}`, this.releasedAt.has(address) ? { at } : null];
    });
    this.journal.append([[`endpoint/${id}`, null], ...changes], false);
  }

  /** A change that waits to be confirmed. */
  get pending(): StoredPending | undefined {
    return this.pendingChange;
  }

  /** What is in force under some keys. */
  policiesOf(keys: readonly string[]): StoredPolicy[] {
    return this.policies.flatMap((policy) => {
      const own = policy.keys.filter((key) => keys.includes(key));
      return own.length > 0 ? [{ ...policy, keys: own }] : [];
    });
  }

  /**
   * Documents that were applied before under one of the keys are no longer in force.
   *
   * @param pending this change, where it waits to be confirmed; what waits already goes on waiting
   */
  addPolicy(policy: StoredPolicy, pending = this.pendingChange): void {
    this.addPolicies([policy], pending);
  }

  /** As {@link addPolicy}, all of them in one record. */
  addPolicies(policies: readonly StoredPolicy[], pending = this.pendingChange): void {
    const added = policies.map((policy, index): [number, StoredPolicy] => {
      return [this.lastPolicy + 1 + index, policy];
    });
    const gone = this.without(policies.flatMap(({ keys }) => keys));
    this.changePolicies([...gone, ...added], pending);
  }

  /** As {@link addPolicy}. */
  removePolicies(keys: readonly string[], pending = this.pendingChange): void {
    this.changePolicies(this.without(keys), pending);
  }

  /** Policies select the node by other labels. @param pending as of {@link addPolicy} */
  relabelNode(labels: StoredLabels, pending = this.pendingChange): void {
    this.changePolicies([], pending, labels);
  }

  /** What waits stays in force. */
  confirmPending(): void {
    this.changePolicies([], undefined);
  }

  /** What was in force before the change that waits is so again. */
  revertPending(): void {
    if (!this.pendingChange) return;
    const { keys, before, formerLabels } = this.pendingChange;
    const again = before.map((policy, index): [number, StoredPolicy] => {
      return [this.lastPolicy + 1 + index, policy];
    });
    this.changePolicies([...this.without(keys), ...again], undefined, formerLabels);
  }

  /** Writes the file anew where it is gone or changed. @returns whether. @throws StateWriteError */
  putBack(): boolean {
    return this.journal.putBack();
  }

  close(): void {
    this.journal.close();
  }

  /** Nothing of it is left on disk. */
  forget(): void {
    this.journal.remove();
  }

  /** Documents and what is to be confirmed of them, in one record. */
  private changePolicies(
    changes: readonly (readonly [number, StoredPolicy | null])[],
    pending: StoredPending | undefined,
    labels?: StoredLabels,
  ): void {
    const isSame = pending === this.pendingChange;
    if (changes.length === 0 && isSame && !labels) return;
    const node = labels ? { ...this.node, labels } : this.node;
    this.journal.append([
      ...changes.map(([number, policy]): JournalChange => [`policy/${number}`, policy]),
      ...(isSame ? [] : ([['pending', pending ?? null]] satisfies JournalChange[])),
      ...(labels ? ([['node', node]] satisfies JournalChange[]) : []),
    ]);
    this.pendingChange = pending;
    this.node = node;
    for (const [number, policy] of changes) this.holdPolicy(number, policy);
  }

  private holdPolicy(number: number, policy: StoredPolicy | null): void {
    for (const key of this.policiesByNumber.get(number)?.keys ?? []) this.policyOfKey.delete(key);
    this.policiesByNumber.delete(number);
    this.lastPolicy = Math.max(this.lastPolicy, number);
    if (!policy) return;
    this.policiesByNumber.set(number, policy);
    for (const key of policy.keys) this.policyOfKey.set(key, number);
  }

  /** What becomes of the policies that hold some of the keys. */
  private without(keys: readonly string[]): [number, StoredPolicy | null][] {
    const gone = new Set(keys);
    const touched = new Set(keys.map((key) => this.policyOfKey.get(key)));
    return [...touched].flatMap((number): [number, StoredPolicy | null][] => {
      const policy = number === undefined ? undefined : this.policiesByNumber.get(number);
      if (number === undefined || !policy) return [];
      const left = policy.keys.filter((key) => !gone.has(key));
      return [[number, left.length > 0 ? { ...policy, keys: left } : null]];
    });
  }
}
