/**
 * From the tables of one layout to those of another, with traffic on. See
 * docs/decisions/0020-upgrades-by-shadow.md: each step may be the last one of this process, and the
 * next agent goes on from what is pinned.
 */
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { openProgramById, setProgram } from '@skep/bpf';
import { Succession } from '@skep/contract';
import { former, type FormerSlot, succession } from '@skep/datapath';
import { codecOf, u32 } from '@skep/ebpf';
import { waitForGracePeriod } from '@skep/sys';
import type { PinnedTables } from '../kernel/pinned-tables.ts';
import type { FormerTables } from './former-tables.ts';
import { finishedName } from './layout-folders.ts';

const ROW = codecOf(u32).encode(0);

/** Whether the programs on these tables have the last word. */
export function isDeciding(tables: PinnedTables): boolean {
  const row = tables.get(succession).lookup(ROW);
  return row !== undefined && codecOf(u32).decode(row) === Succession.Decides;
}

/** The programs on these tables have the last word from now on. */
export function decide(tables: PinnedTables): void {
  tables.get(succession).update(ROW, codecOf(u32).encode(Succession.Decides));
}

/** One upgrade, from when this build's tables are open. */
export class Upgrade {
  constructor(
    /** Of all layouts. */
    private readonly folder: string,
    /** Name of the folder of this build's tables. */
    private name: string,
    private readonly tables: PinnedTables,
    private readonly formerTables: FormerTables,
  ) {}

  /** Whether the program that a slot is for is known already. */
  keeps(slot: FormerSlot): boolean {
    return this.tables.get(former).lookup(codecOf(u32).encode(slot)) !== undefined;
  }

  /** A program that is attached, and goes on deciding behind those that take its place. */
  keep(slot: FormerSlot, programId: number): void {
    const program = openProgramById(programId);
    try {
      setProgram(this.tables.get(former), slot, program.fd);
    } finally {
      program.close();
    }
  }

  /** Everything that flows, now that new programs see each packet. */
  carryFlows(): void {
    waitForGracePeriod();
    for (const name of this.formerTables.flows) this.carry(name);
  }

  /** The last word passes to the new programs: on every CPU at its next packet. */
  handOver(): void {
    this.commit();
    for (const name of this.formerTables.counters) this.carry(name);
    this.decide();
    waitForGracePeriod();
  }

  private carry(name: string): void {
    this.formerTables.carry(name, this.tables);
  }

  /** From here on the older build would find a newer one's tables. */
  private commit(): void {
    const name = finishedName(this.name);
    if (name === this.name) return;
    renameSync(join(this.folder, this.name), join(this.folder, name));
    this.name = name;
    this.tables.moved(join(this.folder, name));
  }

  private decide(): void {
    decide(this.tables);
  }
}
