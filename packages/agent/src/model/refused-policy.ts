/** Rules that cannot be carried out, and who is without them. */

/** The rules of some subjects cannot be carried out; nothing of the change is in force. */
export class PolicyRefusedError extends Error {
  readonly code = 'ERR_POLICY_REFUSED';
  /** @param files of the rules, where they are of some */
  constructor(
    readonly causes: readonly Error[],
    files: readonly string[] = [],
  ) {
    const what = files.length > 0 ? `policy of ${files.join(', ')}` : 'policy';
    super(`apply ${what}: ${causes.map((cause) => cause.message).join('; ')}`);
  }
}

/** A subject without the rules that it should have. */
export interface RefusedSubject {
  /** `namespace/name` of its endpoints, or that of the node. */
  readonly names: readonly string[];
  readonly cause: Error;
}
