/** What is remembered cannot be used as it is. */

/** The state says something that this build does not understand. It is left as it is. */
export class StateError extends Error {
  readonly code = 'ERR_STATE';

  /** @param problem what was found, and what was expected */
  constructor(
    readonly path: string,
    problem: string,
    advice = 'put a copy back, or begin anew: skep uninstall --force',
  ) {
    super(`read state ${path}: ${problem} (${advice})`);
    this.name = 'StateError';
  }
}

/** A change could not be written, so it was not made. */
export class StateWriteError extends Error {
  readonly code = 'ERR_STATE_WRITE';

  constructor(
    readonly path: string,
    problem: string,
    options: ErrorOptions = {},
  ) {
    super(`write state ${path}: ${problem}`, options);
    this.name = 'StateWriteError';
  }
}
