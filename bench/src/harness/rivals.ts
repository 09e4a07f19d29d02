/** The tools that people filter with today, each in a network namespace of its own. */
import { spawnSync } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import type { Fd } from '@skep/sys';
import { inNetworkNamespace, inNewNetworkNamespace, openOwnNetworkNamespace } from '@skep/sys';

/** A namespace to run tools in; it ends when it is closed. */
export class RivalNamespace {
  readonly #namespace: Fd<'namespace'>;

  /** In a new namespace, or in one that someone else closes. */
  constructor(namespace = inNewNetworkNamespace(() => openOwnNetworkNamespace())) {
    this.#namespace = namespace;
  }

  /**
   * Runs a tool to its end.
   *
   * @returns how long it took, in milliseconds, its start included
   * @throws Error with what it printed, when it fails
   */
  run(command: string, parameters: readonly string[], input = ''): number {
    return inNetworkNamespace(this.#namespace, () => {
      const started = performance.now();
      const { status, stderr, error } = spawnSync(command, parameters, { input, env });
      const milliseconds = performance.now() - started;
      if (status === 0) return milliseconds;
      throw new Error(
        `${command} ${parameters.join(' ')}: ${error?.message ?? String(stderr).slice(0, 200)}`,
      );
    });
  }

  /** Gives the namespace back. */
  close(): void {
    this.#namespace.close();
  }
}

/** Debian keeps these tools where only root's PATH looks. */
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };

/** Whether the tool is installed. */
export function hasTool(command: string): boolean {
  return spawnSync(command, ['--version'], { env }).status === 0;
}

/**
 * A chain of the rules in `first`, `count` rules that match nobody's address, and those in `last`,
 * as `iptables-restore` reads it. What no rule allows is dropped, unless there are no last ones.
 */
export function iptablesRules(
  count: number,
  last: readonly string[] = [],
  first: readonly string[] = [],
): string {
  const rules = Array.from({ length: count }, (_, index) => match(index));
  const lines = [...first, ...rules, ...last].map((rule) => `-A FORWARD ${rule}\n`);
  const policy = last.length > 0 ? 'DROP' : 'ACCEPT';
  return `*filter\n:FORWARD ${policy} [0:0]\n${lines.join('')}COMMIT\n`;
}

/** The address that a rule or an element of a set is about. */
export function rivalAddress(index: number): string {
  return `10.${100 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
}

/** What one rule of the chain matches, as parameters of `iptables`. */
export function match(index: number): string {
  return `-s ${rivalAddress(index)}/32 -p tcp -m tcp --dport 443 -j ACCEPT`;
}
