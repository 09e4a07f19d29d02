/** How the project's commands read what stands behind `npm run NAME --`. */
import { Command, InvalidArgumentError } from 'commander';

/**
 * A command that tells of itself with `--help`, and of a wrong word. Its `parse` throws a
 * CommanderError then: all is said by that time, only the exit status is left.
 */
export function commandLine(name: string, about: string): Command {
  return new Command(`npm run ${name} --`).description(about).exitOverride();
}

/** Parses a count or a seed. @throws InvalidArgumentError */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (/^[0-9]+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError('Expected a whole number.');
}
