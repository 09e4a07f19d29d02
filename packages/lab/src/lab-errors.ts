/** Why a lab cannot be brought up. */

/** A namespace that is there already: another lab's, or not a lab's at all. */
export class NamespaceTakenError extends Error {
  readonly code = 'ERR_LAB_NAMESPACE_TAKEN';
  constructor(name: string) {
    super(`make network namespace ${name}: it is there already (\`ip netns delete ${name}\`)`);
  }
}

/** Somebody did not want to wait until the lab was up. */
export class LabInterruptedError extends Error {
  readonly code = 'ERR_LAB_INTERRUPTED';
  constructor(name: string) {
    super(`bring up lab ${name}: interrupted (nothing of it is left)`);
  }
}

/** A lab of the name is up, and whoever brought it up is alive. */
export class LabInUseError extends Error {
  readonly code = 'ERR_LAB_IN_USE';
  constructor(name: string) {
    super(`bring up lab ${name}: it is up already (\`skep lab down ${name}\`, or --replace)`);
  }
}

/** An end of an exchange that the lab does not have. */
export class ResidentMissingError extends Error {
  readonly code = 'ERR_LAB_RESIDENT_MISSING';
  constructor(operation: string, name: string, known: Iterable<string>) {
    super(`${operation} ${name}: it is none of ${[...known].join(', ') || 'nobody'}`);
  }
}
