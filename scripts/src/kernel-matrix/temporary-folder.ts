/** Folders that are gone when the process is, however it ends (but for SIGKILL). */
import { mkdtempSync, rmSync } from 'node:fs';

/** One of them. */
export interface TemporaryFolder {
  readonly path: string;
  remove(): void;
}

/** @param prefix the path that its own name is added to */
export function temporaryFolder(prefix: string): TemporaryFolder {
  const path = mkdtempSync(prefix);
  const remove = (): void => {
    process.off('exit', remove);
    rmSync(path, { recursive: true, force: true });
  };
  process.on('exit', remove);
  return { path, remove };
}
