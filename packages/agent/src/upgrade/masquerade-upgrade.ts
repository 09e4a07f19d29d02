/**
 * From the tables of masquerade of one layout to those of another, with traffic on. See
 * docs/decisions/0026: each step may be the last one of this process, and the next agent goes on
 * from what is pinned.
 */
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { clearProgram, openProgramById, setProgram } from '@skep/bpf';
import type { BpfMap } from '@skep/bpf';
import { FormerSlot, newTranslations, translations, uplinks } from '@skep/datapath';
import { codecOf, u32 } from '@skep/ebpf';
import { waitForGracePeriod } from '@skep/sys';
import type { PinnedTables } from '../kernel/pinned-tables.ts';
import type { FormerTables } from './former-tables.ts';
import { finishedName } from './layout-folders.ts';

/** What is needed of the tables around it. */
export interface MasqueradeUpgradeParts {
  /** Of all layouts of masquerade. */
  readonly folder: string;
  /** Name of the folder of this build's tables. */
  readonly name: string;
  readonly tables: PinnedTables;
  readonly formerTables: FormerTables;
  /** `former` of the datapath, by which new programs ask the old ones. */
  readonly programs: BpfMap;
}

/** A flow goes from one to the other: carried in this order, it is missed in neither. */
const FLOWS = [newTranslations.name, translations.name];

/** One upgrade, from when this build's tables are open. */
export class MasqueradeUpgrade {
  private isBegun = false;
  private name: string;

  /** Ports are looked for from the same seed on, so that a flow finds its own again. */
  constructor(private readonly parts: MasqueradeUpgradeParts) {
    this.name = parts.name;
    this.carry(uplinks.name, true);
  }

  /**
   * Before the first program of this build sees a packet: it asks the one before about answers that
   * it does not know, and from now on flows begin in this build's tables.
   *
   * @param findFormer the number of the program for what comes in that is attached now
   */
  begin(findFormer: () => number | undefined): void {
    if (this.isBegun) return;
    this.isBegun = true;
    const programId = this.hasFormer ? undefined : findFormer();
    if (programId !== undefined) this.keep(programId);
    // Where an agent before has come this far, its flows are newer than those.
    const keepsKnown = this.name === finishedName(this.name);
    for (const name of FLOWS) this.carry(name, keepsKnown);
    this.commit();
  }

  /** When all uplinks have programs of this build: what has begun before that is carried, too. */
  carryRest(): void {
    this.begin(() => undefined);
    waitForGracePeriod();
    for (const name of FLOWS) this.carry(name, true);
  }

  /** When no program asks any more. */
  end(): void {
    waitForGracePeriod();
    clearProgram(this.parts.programs, FormerSlot.FromNetwork);
    this.close();
  }

  /** Lets go; the next agent goes on. */
  close(): void {
    this.parts.formerTables.close();
  }

  private get hasFormer(): boolean {
    return this.parts.programs.lookup(codecOf(u32).encode(FormerSlot.FromNetwork)) !== undefined;
  }

  private keep(programId: number): void {
    const program = openProgramById(programId);
    try {
      setProgram(this.parts.programs, FormerSlot.FromNetwork, program.fd);
    } finally {
      program.close();
    }
  }

  private carry(name: string, keepsKnown: boolean): void {
    this.parts.formerTables.carry(name, this.parts.tables, keepsKnown);
  }

  /** From here on the older build would find a newer one's tables. */
  private commit(): void {
    const { folder, tables } = this.parts;
    const name = finishedName(this.name);
    if (name === this.name) return;
    renameSync(join(folder, this.name), join(folder, name));
    this.name = name;
    tables.moved(join(folder, name));
  }
}
