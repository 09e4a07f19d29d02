/** Errors as a container runtime understands them. @source CNI specification 1.1, "Error" */

/** Numbers below 100 are the specification's. */
export enum CniErrorCode {
  IncompatibleVersion = 1,
  UnsupportedField = 2,
  /** The runtime need not clean up after it. */
  UnknownContainer = 3,
  InvalidEnvironment = 4,
  InputOutput = 5,
  Decoding = 6,
  InvalidConfig = 7,
  TryAgainLater = 11,
  /** No container can be connected; those that are work. */
  NotAvailable = 50,
  /** The agent refused; its own code is in the details. */
  Refused = 100,
  /** Something that was made for the container is not there any more. */
  NotAsMade = 101,
}

/** What went wrong, in the form that goes to standard output. */
export class CniError extends Error {
  constructor(
    readonly code: CniErrorCode,
    message: string,
    readonly details = '',
  ) {
    super(message);
  }
}
