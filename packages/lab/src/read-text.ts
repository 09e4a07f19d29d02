/** Reading a file that a user has named: what goes wrong is told in one line. */
import { readFileSync } from 'node:fs';

const CAUSES: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory, expected a file',
};

/** A file that cannot be read. */
export class UnreadableFileError extends Error {
  readonly code = 'ERR_UNREADABLE_FILE';
  constructor(
    readonly file: string,
    override readonly cause: NodeJS.ErrnoException,
  ) {
    super(`read ${file}: ${CAUSES[cause.code ?? ''] ?? cause.message}`);
  }
}

/** The text of a file in UTF-8. @throws UnreadableFileError */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UnreadableFileError(file, error as NodeJS.ErrnoException);
  }
}
