/** The machine: kernel, distribution, memory, and the log of the agent where systemd keeps it. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { arch, cpus, release, version } from 'node:os';
import type { DumpPart } from './dump-part.ts';

/** Lines of the log at most. */
const LOG_LINES = 5000;
const LOG_BYTES_MAX = 64 << 20;

const SETTINGS = [
  'kernel/unprivileged_bpf_disabled',
  'kernel/bpf_stats_enabled',
  'net/core/bpf_jit_enable',
  'net/core/bpf_jit_harden',
  'net/core/bpf_jit_limit',
] as const;

/** Of this machine. */
export function machineParts(): DumpPart[] {
  return [
    { file: 'machine/system.json', read: readSystem },
    { file: 'machine/os-release.txt', read: () => readFileSync('/etc/os-release', 'utf8') },
    { file: 'machine/memory.txt', read: () => readFileSync('/proc/meminfo', 'utf8') },
    { file: 'machine/mounts.txt', read: readMounts },
    { file: 'log/agent.txt', read: readLog },
  ];
}

/** Of the environment only what is here: it holds whatever somebody has put there. */
function readSystem(): unknown {
  const settings = SETTINGS.filter((name) => existsSync(`/proc/sys/${name}`)).map((name) => {
    return [name, readFileSync(`/proc/sys/${name}`, 'utf8').trim()];
  });
  return {
    kernel: { release: release(), version: version(), architecture: arch() },
    node: process.version,
    processors: cpus().length,
    settings: Object.fromEntries(settings),
  };
}

/** Only file systems that Skep has to do with. */
function readMounts(): string {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return `${lines.filter((line) => / - (bpf|cgroup2?|nsfs|tracefs) /.test(line)).join('\n')}\n`;
}

/** @throws Error where systemd does not run, or does not know the agent */
function readLog(): string {
  if (!existsSync('/run/systemd/system')) throw new Error('systemd does not run here');
  return execFileSync(
    'journalctl',
    ['--unit=skep-agent.service', `--lines=${LOG_LINES}`, '--no-pager', '--output=short-iso'],
    { encoding: 'utf8', maxBuffer: LOG_BYTES_MAX, stdio: ['ignore', 'pipe', 'pipe'] },
  );
}
