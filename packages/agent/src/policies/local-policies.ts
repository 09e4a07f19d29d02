/**
 * Policies of this node, from the request to the rules in force. A change may have to be confirmed:
 * unless somebody says within a time that it is well, it goes back by itself, also when the agent
 * has died meanwhile. One change waits at a time, and nobody else changes what it has changed: so
 * what others do meanwhile stays, and what goes back is what was. See docs/decisions/0023.
 */
import {
  documentKey,
  idleDenials,
  parsePolicyFiles,
  type PolicyDocument,
  type PolicyFile,
  type Subject,
} from '@skep/policy';
import type { HostGuard } from '../host/host-guard.ts';
import type { NodeModel } from '../model/node-model.ts';
import { PolicyRefusedError } from '../model/refused-policy.ts';
import { TableFullError } from '../model/table-full-error.ts';
import type { Problems } from '../health/problems.ts';
import type { Memory } from '../state/memory.ts';
import type { Revisions } from '../state/revisions.ts';
import type { StoredLabels, StoredPending } from '../state/schema.ts';
import { parseStored } from '../state/stored.ts';
import type { PolicyOccurrence, Tell } from '../telemetry/occurrence.ts';
import type { ChangeOptions, PendingView, PolicyResult } from '../views.ts';
import { type ChangeBefore, tryWayBack } from './way-back.ts';
import { documentsApart, isSame, keysApart, nodeSubject } from './node-labels.ts';

/** What time it is, and what is to be done when more of it has passed. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** @returns what takes the task back */
  after(milliseconds: number, task: () => void): () => void;
}

/** That of the machine; it keeps no process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, task) {
    const timer = setTimeout(task, milliseconds).unref();
    return () => clearTimeout(timer);
  },
};

/** A change that could cut off who makes it, and who has not said what then. */
export class UnconfirmedPolicyError extends Error {
  readonly code = 'ERR_POLICY_UNCONFIRMED';
  /** @param what policies */
  constructor(what: readonly string[]) {
    super(
      `change ${what.join(', ')}: about this node itself, it may cut you off (use ` +
        '`--confirm-within 60s`, and `skep policy confirm` when all is well, or `--no-confirm`)',
    );
  }
}

/** Nothing waits to be confirmed, or not any more. */
export class NothingPendingError extends Error {
  readonly code = 'ERR_POLICY_NOT_PENDING';
  constructor(what: string) {
    super(`${what} policies: no change waits to be confirmed (see \`skep policy list\`)`);
  }
}

/** Another change waits to be confirmed, and this one would get into its way. */
export class PolicyPendingError extends Error {
  readonly code = 'ERR_POLICY_PENDING';
  /** @param why it would */
  constructor(what: readonly string[], { keys, until }: PendingView, why: string) {
    super(
      `change ${what.join(', ')}: a change of ${keys.join(', ')} waits to be confirmed until ` +
        `${until}, and ${why} (\`skep policy confirm\` or \`skep policy revert\` first)`,
    );
  }
}

/** What of the node is changed. */
export interface PolicyParts {
  readonly memory: Memory;
  readonly model: NodeModel;
  /** Labels of the node, by which its policies are to select it. */
  readonly givenLabels: StoredLabels;
  readonly problems: Problems;
  readonly revisions: Revisions;
  readonly tell: Tell;
}

/** What is changed where no policy is. */
const NODE_LABELS = ['labels of this node'];

/** Why something cannot be changed while something waits. */
const ONE_AT_A_TIME = 'one change waits at a time';

/** What problems on the way back are about. */
const WAY_BACK = 'way back';
/** How soon a change that could not be taken back is tried again. */
const RETRY_MILLISECONDS = 1000;

/** See the head of this file. */
export class LocalPolicies {
  private cancel: () => void = () => {};
  /** Whether what waits is no more in force, though the disk did not take it down. */
  private hasGoneBack = false;

  constructor(
    private readonly node: PolicyParts,
    private readonly hostGuard: Pick<HostGuard, 'prepare' | 'settle'>,
    private readonly clock: Clock = systemClock,
  ) {
    this.wait();
  }

  /** What waits to be confirmed. */
  get pending(): PendingView | undefined {
    const { pending } = this.node.memory;
    if (!pending) return undefined;
    const seconds = Math.ceil(this.millisecondsLeft(pending) / 1000);
    const until = new Date(pending.deadline).toISOString();
    const { keys, formerLabels } = pending;
    const view = { keys, until, secondsLeft: Math.max(0, seconds) };
    return formerLabels ? { ...view, isOfLabels: true } : view;
  }

  /** By which policies select the node. */
  private get labels(): StoredLabels {
    const { memory, givenLabels } = this.node;
    return memory.current.labels ?? givenLabels;
  }

  /** As {@link applyFiles} of one. */
  apply(yaml: string, file: string, options: ChangeOptions = {}): PolicyResult {
    return this.applyFiles([{ file, text: yaml }], options);
  }

  /** All documents of all texts, or none. @throws PolicyDocumentError, PolicyRefusedError, above */
  applyFiles(files: readonly PolicyFile[], options: ChangeOptions = {}): PolicyResult {
    const start = performance.now();
    const { memory, model } = this.node;
    const parsed = parsePolicyFiles(files);
    const documents = parsed.flatMap((each) => each.documents);
    const keys = documents.map(documentKey);
    this.checkPending(keys, options, documents);
    this.checkConfirmation(keys, documents, options);
    this.checkWayBack(keys, { documents, labels: this.labels });
    const policies = parsed.map(({ file, text, documents: own }) => {
      return { file, text, keys: own.map(documentKey) };
    });
    this.change({ documents }, () => {
      model.applyDocuments(documents, () => {
        memory.addPolicies(policies, this.pendingWith(keys, options));
      });
    });
    const warnings = idleDenials(documents);
    const result = this.result('policies applied', keys, start);
    return warnings.length > 0 ? { ...result, warnings } : result;
  }

  /** By `documentKey`; unknown ones are no error. @throws PolicyRefusedError, above */
  delete(keys: readonly string[], options: ChangeOptions = {}): PolicyResult {
    const start = performance.now();
    const { memory, model } = this.node;
    this.checkPending(keys, options);
    const changed = keys.filter((key) => model.policy.document(key));
    if (changed.length === 0) return this.result('policies deleted', changed, start);
    this.checkConfirmation(changed, [], options);
    this.change({ documents: [] }, () => {
      model.deleteDocuments(changed, () => {
        memory.removePolicies(changed, this.pendingWith(changed, options));
      });
    });
    return this.result('policies deleted', changed, start);
  }

  /**
   * Policies select the node by the labels that the agent was started with.
   *
   * @throws PolicyRefusedError, above
   */
  relabelNode(options: ChangeOptions = {}): PolicyResult {
    const start = performance.now();
    const { labels } = this;
    const { memory, model, givenLabels } = this.node;
    if (isSame(labels, givenLabels)) return this.result('node relabelled', [], start);
    const keys = keysApart(memory, labels, givenLabels);
    this.checkRelabelling(keys, options);
    this.checkWayBack(NODE_LABELS, { documents: [], labels: givenLabels });
    // What makes no difference to anybody need not be confirmed.
    const pending = keys.length > 0 ? this.pendingWith(keys, options) : undefined;
    const node = nodeSubject(givenLabels);
    this.change({ documents: model.policy.documents(), node }, () => {
      const save = (): void => {
        memory.relabelNode(givenLabels, pending && { ...pending, formerLabels: labels });
      };
      model.changeDocuments([], [], save, node);
    });
    return this.result('node relabelled', keys, start);
  }

  /** What waits stays. @throws NothingPendingError, StateWriteError */
  confirm(): PolicyResult {
    const start = performance.now();
    const { memory } = this.node;
    const { pending } = memory;
    if (!pending || this.hasGoneBack) throw new NothingPendingError('confirm');
    memory.confirmPending();
    this.wait();
    return this.result('policies confirmed', pending.keys, start);
  }

  /** What waits goes back now. @throws NothingPendingError, StateWriteError */
  revert(): PolicyResult {
    const start = performance.now();
    const { memory, model } = this.node;
    const { pending } = memory;
    if (!pending) throw new NothingPendingError('revert');
    const before = pending.before.flatMap(parseStored);
    // First in force, then written down: a disk that is full keeps nobody out.
    const node = pending.formerLabels ? nodeSubject(pending.formerLabels) : model.node;
    this.change({ documents: before, node }, () => {
      model.changeDocuments(before, pending.keys, () => {}, node);
      this.hasGoneBack = true;
    });
    memory.revertPending();
    this.hasGoneBack = false;
    this.wait();
    return this.result('policies reverted', pending.keys, start);
  }

  /** As {@link close}; the next agent may be long in coming. */
  leave(): void {
    const { pending } = this;
    this.close();
    if (!pending) return;
    const { keys, until } = pending;
    const found = `a change of ${keys.join(', ')} waits to be confirmed until ${until}`;
    const problem = `${found}, and nothing takes it back while no agent runs (start one by then)`;
    this.node.tell({ kind: 'problem', problem });
  }

  /** Leaves what waits to the next agent. */
  close(): void {
    this.cancel();
  }

  private wait(): void {
    this.cancel();
    const { pending } = this.node.memory;
    if (!pending) return;
    this.cancel = this.clock.after(this.millisecondsLeft(pending), () => this.revertInTime());
  }

  /** A clock that was set back gives no more time than there was. */
  private millisecondsLeft({ deadline, withinSeconds }: StoredPending): number {
    return Math.max(0, Math.min(deadline - this.clock.now(), withinSeconds * 1000));
  }

  private revertInTime(): void {
    try {
      this.revert();
      this.node.problems.settle(WAY_BACK);
    } catch (error) {
      const found = `a policy change was not confirmed, and does not go back: ${error}`;
      const advice = 'it is tried again each second: put right what is wrong';
      this.node.problems.mention(WAY_BACK, `${found} (${advice})`);
      // The change has begun to wait anew, for no time.
      this.cancel();
      this.cancel = this.clock.after(RETRY_MILLISECONDS, () => this.revertInTime());
    }
  }

  /**
   * What waits goes back to what was, so nobody may change it meanwhile; and who confirms one of
   * two that wait would confirm the other.
   *
   * @throws PolicyPendingError
   */
  private checkPending(
    keys: readonly string[],
    { confirmWithinSeconds }: ChangeOptions,
    documents: readonly PolicyDocument[] = [],
  ): void {
    const { pending } = this;
    if (!pending) return;
    const unchanged = new Set([...pending.keys, ...this.keysOfLabels(documents)]);
    const waiting = keys.filter((key) => unchanged.has(key));
    if (waiting.length > 0) {
      throw new PolicyPendingError(waiting, pending, 'nobody changes it meanwhile');
    }
    if (confirmWithinSeconds === undefined) return;
    throw new PolicyPendingError(keys, pending, ONE_AT_A_TIME);
  }

  /** While labels wait: what would be about the node no more when they go back, or only then. */
  private keysOfLabels(documents: readonly PolicyDocument[]): string[] {
    const { formerLabels } = this.node.memory.pending ?? {};
    if (!formerLabels) return [];
    return documentsApart(documents, formerLabels, this.labels).map(documentKey);
  }

  /** What waits has to find room when it goes back, beside this. @throws PolicyPendingError */
  private checkWayBack(what: readonly string[], change: ChangeBefore): void {
    const { memory, model } = this.node;
    if (!memory.pending || this.hasGoneBack) return;
    try {
      tryWayBack(model, memory.pending, change);
    } catch (error) {
      if (!(error instanceof PolicyRefusedError || error instanceof TableFullError)) throw error;
      const why = `could not go back any more: ${error.message}`;
      throw new PolicyPendingError(what, this.pending!, why);
    }
  }

  /** @throws PolicyPendingError, UnconfirmedPolicyError */
  private checkRelabelling(keys: readonly string[], options: ChangeOptions): void {
    if (this.pending?.isOfLabels) {
      throw new PolicyPendingError(NODE_LABELS, this.pending, ONE_AT_A_TIME);
    }
    if (keys.length === 0) return;
    this.checkPending(keys, options);
    if (!isDecided(options)) throw new UnconfirmedPolicyError(keys);
  }

  /** @throws UnconfirmedPolicyError */
  private checkConfirmation(
    keys: readonly string[],
    documents: readonly PolicyDocument[],
    options: ChangeOptions,
  ): void {
    const { model } = this.node;
    if (isDecided(options)) return;
    const known = keys.flatMap((key) => model.policy.document(key) ?? []);
    const aboutNode = [...known, ...documents].filter((each) => model.isAboutNode(each));
    if (aboutNode.length === 0) return;
    const files = new Map(documents.map((each) => [documentKey(each), each.position.file]));
    const named = aboutNode.map(documentKey).map((key) => {
      return files.has(key) ? `${key} of ${files.get(key)}` : key;
    });
    throw new UnconfirmedPolicyError([...new Set(named)]);
  }

  /**
   * What is to be written down with a change, where it has to be confirmed. The time begins now,
   * when the change is in force.
   */
  private pendingWith(
    keys: readonly string[],
    { confirmWithinSeconds: withinSeconds }: ChangeOptions,
  ): StoredPending | undefined {
    if (withinSeconds === undefined) return undefined;
    const deadline = this.clock.now() + withinSeconds * 1000;
    return { deadline, withinSeconds, keys: [...keys], before: this.node.memory.policiesOf(keys) };
  }

  /** What is about the node is enforced at uplinks before it is said to be in force. */
  private change(
    { documents, node }: { documents: readonly PolicyDocument[]; node?: Subject },
    task: () => void,
  ): void {
    this.hostGuard.prepare(documents, node);
    try {
      task();
    } finally {
      this.hostGuard.settle();
      this.wait();
    }
  }

  private result(
    kind: PolicyOccurrence['kind'],
    changed: readonly string[],
    start: number,
  ): PolicyResult {
    const milliseconds = performance.now() - start;
    const result = { changed, revision: this.node.revisions.last, milliseconds };
    this.node.tell({ kind, ...result });
    const { pending } = this;
    return pending ? { ...result, pending } : result;
  }
}

/** Whether somebody has said what is to be when he is cut off. */
function isDecided({ confirmWithinSeconds, isUnconfirmed }: ChangeOptions): boolean {
  return confirmWithinSeconds !== undefined || isUnconfirmed === true;
}
