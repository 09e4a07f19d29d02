/**
 * Labels that a runtime tells only when a container has started. Until then its endpoint has none:
 * it is `init`, closed both ways.
 */
import { setTimeout } from 'node:timers/promises';
import type { AttachmentKey } from '../views.ts';

/** Who knows the labels of containers. */
export interface LabelSource {
  /** @throws Error where it does not answer */
  labelsOf(containerId: string, signal: AbortSignal): Promise<Readonly<Record<string, string>>>;
}

/** The endpoints that labels are for. */
export interface Unlabelled {
  /** Whether an endpoint is still there, and still without its container's labels. */
  awaitsLabels(key: AttachmentKey): boolean;
  /** Gives it its container's labels. @throws PolicyRefusedError, StateWriteError */
  learnLabels(key: AttachmentKey, labels: Readonly<Record<string, string>>): void;
}

const FIRST_PAUSE_MILLISECONDS = 100;
const LAST_PAUSE_MILLISECONDS = 5000;

/** Asks for the labels of containers until it knows them, or nobody wants them any more. */
export class LateLabels {
  private readonly closing = new AbortController();
  /** Why labels are not known yet, by container. */
  private readonly failures = new Map<string, string>();

  constructor(
    private readonly source: LabelSource,
    private readonly endpoints: Unlabelled,
    private readonly firstPause = FIRST_PAUSE_MILLISECONDS,
  ) {}

  /** What is wrong, for `status`. */
  get problems(): string[] {
    return [...this.failures].map(([containerId, failure]) => {
      const closed = `labels of container ${containerId.slice(0, 12)} are not known, it is closed`;
      return `${closed}: ${failure} (start the runtime's service, or relabel its endpoint)`;
    });
  }

  /** Resolves when the endpoint has its labels, is gone, or the agent ends. */
  async follow(key: AttachmentKey): Promise<void> {
    const { signal } = this.closing;
    let pause = this.firstPause;
    while (!signal.aborted && this.endpoints.awaitsLabels(key)) {
      if (await this.learn(key)) break;
      await setTimeout(pause, undefined, { signal }).catch(() => {});
      pause = Math.min(2 * pause, LAST_PAUSE_MILLISECONDS);
    }
    this.failures.delete(key.containerId);
  }

  /** Asks nobody any more. */
  close(): void {
    this.closing.abort();
  }

  private async learn(key: AttachmentKey): Promise<boolean> {
    const { containerId } = key;
    try {
      const labels = await this.source.labelsOf(containerId, this.closing.signal);
      // It may have gone meanwhile, or somebody may have said what it is.
      if (this.endpoints.awaitsLabels(key)) this.endpoints.learnLabels(key, labels);
      return true;
    } catch (error) {
      this.failures.set(containerId, (error as Error).message);
      return false;
    }
  }
}
