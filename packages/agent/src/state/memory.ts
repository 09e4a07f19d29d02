/**
 * What the agent holds of its stored state while it runs; each change is on disk before it is told.
 */
import type { Store, StoredEndpoint, StoredPolicy, StoredState } from './store.ts';

/**
 * The stored state, read once; a change that cannot be saved is not made. @throws what `Store`
 * throws
 */
export class Memory {
  private state: StoredState;

  constructor(private readonly store: Store) {
    this.state = store.load();
  }

  get endpoints(): readonly StoredEndpoint[] {
    return this.state.endpoints;
  }

  get policies(): readonly StoredPolicy[] {
    return this.state.policies;
  }

  get current(): StoredState {
    return this.state;
  }

  change(changes: Partial<StoredState>): void {
    const next = { ...this.state, ...changes };
    this.store.save(next);
    this.state = next;
  }

  /** Nothing of it is left on disk. */
  forget(): void {
    this.store.remove();
  }

  addEndpoint(endpoint: StoredEndpoint): void {
    const others = this.endpoints.filter((each) => each.id !== endpoint.id);
    const endpoints = [...others, endpoint].sort((left, right) => left.id - right.id);
    this.change({ endpoints });
  }

  removeEndpoint(id: number): void {
    this.change({ endpoints: this.endpoints.filter((each) => each.id !== id) });
  }

  /** Documents that were applied before under one of the keys are no longer in force. */
  addPolicy(policy: StoredPolicy): void {
    this.change({ policies: [...this.without(policy.keys), policy] });
  }

  removePolicies(keys: readonly string[]): void {
    this.change({ policies: this.without(keys) });
  }

  private without(keys: readonly string[]): StoredPolicy[] {
    return this.policies
      .map((each) => ({ ...each, keys: each.keys.filter((key) => !keys.includes(key)) }))
      .filter((each) => each.keys.length > 0);
  }
}
