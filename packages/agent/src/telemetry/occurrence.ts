/** What the agent tells of its work while it does it: the log writes it, the metrics time it. */

/** An endpoint was added, has other labels, or is gone. */
export interface EndpointOccurrence {
  readonly kind: 'endpoint added' | 'endpoint relabelled' | 'endpoint removed';
  /** `namespace/name`. */
  readonly endpoint: string;
  readonly id: number;
  /** Absent of one that is gone. */
  readonly identity?: number;
  readonly milliseconds: number;
}

/**
 * Documents are in force, or are no more, or select the node by other labels; a change of them is
 * confirmed, or went back.
 */
export interface PolicyOccurrence {
  readonly kind:
    | 'policies applied'
    | 'policies deleted'
    | 'policies confirmed'
    | 'policies reverted'
    | 'node relabelled';
  /** Keys of the documents. */
  readonly changed: readonly string[];
  readonly revision: number;
  readonly milliseconds: number;
}

/** A request of the API was answered. */
export interface RequestOccurrence {
  readonly kind: 'request answered';
  readonly method: string;
  /** Its pattern, such as `/v1/endpoints/{endpoint}`: there are few, whatever is asked for. */
  readonly route: string;
  readonly status: number;
  readonly milliseconds: number;
}

/** One of these at a time. */
export type Occurrence =
  | {
      readonly kind: 'started';
      /** Whether another agent had left tables and endpoints. */
      readonly isTakenOver: boolean;
      /** The number of their layout, if they were of another one. */
      readonly upgradedFrom?: number;
      readonly endpoints: number;
      readonly policies: number;
      readonly milliseconds: number;
    }
  | EndpointOccurrence
  | PolicyOccurrence
  | RequestOccurrence
  | { readonly kind: 'rules compiled' | 'program loaded'; readonly milliseconds: number }
  | { readonly kind: 'problem'; readonly problem: string }
  | { readonly kind: 'stopping'; readonly cause: string };

/** Who is told. It must not throw. */
export type Tell = (occurrence: Occurrence) => void;

/** Tells nobody. */
export const tellNobody: Tell = () => {};

/** How long a task took, in milliseconds. A task that fails is not told of. */
export function timed<T>(task: () => T, told: (milliseconds: number, result: T) => void): T {
  const start = performance.now();
  const result = task();
  told(performance.now() - start, result);
  return result;
}
