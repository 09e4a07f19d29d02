/** Kills plugins in the middle of ADD, DEL and GC, and says which calls have ended so. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Draw } from './draw.ts';

/** A plugin's process. */
interface PluginProcess {
  readonly pid: number;
  readonly command: string;
  readonly containerId: string;
}

const KILLED_COMMANDS: readonly string[] = ['ADD', 'DEL', 'GC'];
const POLL_MILLISECONDS = 5;
const POLLS_MAX = 400;
/** Within this a plugin starts, asks and answers, or not. */
const KILL_MILLISECONDS_MAX = 500;

/** Calls whose plugin was killed. */
export class PluginKiller {
  /** How many by command. */
  readonly kills: Record<string, number> = {};
  private readonly killedRemovals = new Set<string>();
  private readonly seen = new Set<number>();

  /**
   * @param plugin path of its file, which nobody else's processes have
   * @param prefix of ids of containers whose runtime sees that file elsewhere
   */
  constructor(
    private readonly plugin: string,
    private readonly prefix: string,
    private readonly draw: Draw,
  ) {}

  /** Waits for the next plugin to start, and kills it a moment later if it is there still. */
  async killOne(): Promise<void> {
    for (let poll = 0; poll < POLLS_MAX; poll++) {
      const found = this.processes().find(({ pid }) => !this.seen.has(pid));
      if (found) return this.kill(found);
      await pause(POLL_MILLISECONDS);
    }
  }

  /** Whether a DEL of the container was killed, so that its runtime may not have seen it done. */
  hasKilledRemoval(containerId: string): boolean {
    return this.killedRemovals.has(containerId);
  }

  private async kill(found: PluginProcess): Promise<void> {
    this.seen.add(found.pid);
    await pause(this.draw.between(0, KILL_MILLISECONDS_MAX));
    const still = this.read(found.pid);
    if (still?.containerId !== found.containerId || still.command !== found.command) return;
    if (found.command === 'DEL') this.killedRemovals.add(found.containerId);
    this.kills[found.command] = (this.kills[found.command] ?? 0) + 1;
    try {
      process.kill(found.pid, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }

  private processes(): PluginProcess[] {
    return readdirSync('/proc').flatMap((name) => {
      const found = /^\d+$/.test(name) ? this.read(Number(name)) : undefined;
      return found ? [found] : [];
    });
  }

  private read(pid: number): PluginProcess | undefined {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      if (!line.includes(basename(this.plugin))) return undefined;
      const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
      const of = (name: string): string =>
        variables.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
      const [command, containerId] = [of('CNI_COMMAND'), of('CNI_CONTAINERID')];
      const isOurs = line.includes(this.plugin) || containerId.startsWith(this.prefix);
      return isOurs && KILLED_COMMANDS.includes(command)
        ? { pid, command, containerId }
        : undefined;
    } catch {
      return undefined;
    }
  }
}
