/** The flows that the node remembers, and those who follow them. */
import { isCalled } from '../model/endpoint-facts.ts';
import type { FlowFilter, FlowView } from '../views.ts';

/** Flows that are kept; an older one gives way. */
const HISTORY_MAX = 4096;

/** The newest flows, up to a bound, and who is told of each new one. */
export class FlowLog {
  private readonly history: FlowView[] = [];
  private next = 0;
  private readonly followers = new Set<{ filter: FlowFilter; onFlow: (flow: FlowView) => void }>();

  push(flow: FlowView): void {
    this.history[this.next % HISTORY_MAX] = flow;
    this.next++;
    for (const follower of this.followers) {
      if (!matches(flow, follower.filter)) continue;
      try {
        follower.onFlow(flow);
      } catch {
        // One that fails does not keep flows from the others; it is not asked again.
        this.followers.delete(follower);
      }
    }
  }

  /** Oldest first; with `last`, only so many of the newest. */
  recent(filter: FlowFilter, last?: number): FlowView[] {
    const start = this.next % HISTORY_MAX;
    const ordered =
      this.next < HISTORY_MAX
        ? this.history
        : [...this.history.slice(start), ...this.history.slice(0, start)];
    const found = ordered.filter((flow) => matches(flow, filter));
    return last === undefined ? found : found.slice(Math.max(0, found.length - last));
  }

  /** @returns ends it */
  follow(filter: FlowFilter, onFlow: (flow: FlowView) => void): () => void {
    const follower = { filter, onFlow };
    this.followers.add(follower);
    return () => this.followers.delete(follower);
  }
}

/** Whether a flow is one of those that are wanted. */
export function matches(flow: FlowView, filter: FlowFilter): boolean {
  const ends = [flow.source, flow.destination];
  const { endpoint, port, protocol, verdict } = filter;
  if (verdict !== undefined && flow.verdict !== verdict) return false;
  if (port !== undefined && !ends.some((end) => end.port === port)) return false;
  if (protocol !== undefined && flow.protocol.toLowerCase() !== protocol.toLowerCase())
    return false;
  return endpoint === undefined || ends.some((end) => isCalled(end.name, endpoint));
}
