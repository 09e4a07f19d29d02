/** What the lab and the process inside an endpoint say to each other. */
import type { LabServer } from './lab-file.ts';

/** To the workload. */
export type WorkloadRequest =
  | { readonly id: number; readonly do: 'serve'; readonly servers: readonly LabServer[] }
  | {
      readonly id: number;
      readonly do: 'probe';
      readonly kind: LabServer['kind'];
      readonly address: string;
      readonly port: number;
      readonly timeoutMilliseconds: number;
    };

/**
 * How a probe ended: an answer came; nothing came in time; or the other end's stack refused, which
 * it can do only with a packet that was let through.
 */
export type ProbeOutcome = 'answered' | 'silent' | 'refused';

/** From the workload. */
export type WorkloadResponse =
  | { readonly id: number; readonly outcome: ProbeOutcome; readonly milliseconds: number }
  | { readonly id: number; readonly outcome: 'serving' }
  | { readonly id: number; readonly outcome: 'failed'; readonly message: string };
