/** What goes wrong when talking netlink: the kernel refuses, or what arrived cannot be read. */
import { KernelError } from '@skep/sys';

/** Bytes from a netlink socket, or an attribute in them, do not have the form they must have. */
export class MalformedMessageError extends Error {
  readonly code = 'ERR_NETLINK_MALFORMED';
  constructor(
    /** What was being read, such as `attribute 4 of RTM_NEWLINK`. */
    readonly subject: string,
    readonly found: string,
    readonly expected: string,
  ) {
    super(`netlink ${subject}: ${found}, expected ${expected}`);
    this.name = 'MalformedMessageError';
  }
}

/** What a request does, and to what, in the words that an error shows. */
export interface Intent {
  /** A verb and a noun, such as `create veth`. */
  readonly operation: string;
  /** Such as the name of the link. */
  readonly subject: string;
}

/**
 * The kernel refused a request: `create veth web: EEXIST: file already exists (name is taken)`,
 * where the part in parentheses is the kernel's own sentence, if it had one to say.
 */
export class NetlinkError extends KernelError {
  override readonly code = 'ERR_NETLINK';

  constructor(
    intent: Intent,
    /** Positive, such as 17 for `EEXIST`. */
    errno: number,
    /** The kernel's extended acknowledgement, or what was found wrong. */
    readonly detail?: string,
  ) {
    super(intent.operation, errno, { subject: intent.subject, advice: detail });
    this.name = 'NetlinkError';
  }
}
