/** The programs of the machine, whoever has loaded them. */
import { BpfCommand, Errno, KernelError } from '@skep/sys';
import { type ProgramInfo, readProgramMaps } from './info.ts';
import { listIds } from './link.ts';
import { openProgramById } from './program.ts';

/** A program, and the maps that it uses. */
export interface ListedProgram extends ProgramInfo {
  /** Numbers, as `readMapInfo` gives them. */
  readonly mapIds: readonly number[];
}

/** All of them, those that nobody has attached too. @throws KernelError */
export function listPrograms(): ListedProgram[] {
  const programs: ListedProgram[] = [];
  for (const id of listIds(BpfCommand.PROG_GET_NEXT_ID, 'list programs')) {
    try {
      const program = openProgramById(id);
      try {
        programs.push({ ...program.info(), mapIds: readProgramMaps(program.fd) });
      } finally {
        program.close();
      }
    } catch (error) {
      // Gone since its number was given.
      if (!(error instanceof KernelError) || error.errno !== Errno.ENOENT) throw error;
    }
  }
  return programs;
}
