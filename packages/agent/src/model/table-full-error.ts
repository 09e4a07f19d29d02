/** A change that a table has no room for: nothing of it was written. */
import { atLimit } from '@skep/datapath';

/** More entries than the table has, with what to do. */
export class TableFullError extends Error {
  readonly code = 'ERR_TABLE_FULL';

  /** @param found entries that the table would have */
  constructor(
    readonly table: string,
    readonly found: number,
    readonly expected: number,
  ) {
    const entries = `${found.toLocaleString('en')} entries`;
    const most = `expected at most ${expected.toLocaleString('en')}`;
    super(`table ${table}: ${entries} needed, ${most} (${atLimit(table).advice})`);
  }
}
