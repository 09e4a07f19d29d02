/** What the lab and the process inside an endpoint say to each other. */
import type { ExchangeKind } from './lab-api.ts';

/** Something that a workload is to answer on; ICMP needs no server, the kernel answers. */
export interface WorkloadServer {
  readonly kind: Exclude<ExchangeKind, 'icmp'>;
  readonly port: number;
  /** What an HTTP server says it is. */
  readonly name?: string;
}

/** Whom a client asks, from which address where the workload has several, and for how long. */
export interface ProbeTarget {
  readonly kind: ExchangeKind;
  readonly address: string;
  readonly port: number;
  readonly source?: string;
  readonly timeoutMilliseconds: number;
}

/** To the workload. */
export type WorkloadRequest =
  | { readonly id: number; readonly do: 'serve'; readonly servers: readonly WorkloadServer[] }
  | { readonly id: number; readonly do: 'probe'; readonly target: ProbeTarget };

/**
 * How a probe ended: an answer came; nothing came in time; the other end's stack refused, which it
 * can do only with a packet that was let through; or the stack of this end knew no way.
 */
export type ProbeOutcome = 'answered' | 'silent' | 'refused' | 'unreachable';

/** From the workload. */
export type WorkloadResponse =
  | { readonly id: number; readonly outcome: ProbeOutcome }
  | { readonly id: number; readonly outcome: 'serving' }
  | { readonly id: number; readonly outcome: 'failed'; readonly message: string };
