/** libpcap's own verdicts, by tcpdump. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CapturedFrame, readCaptureSeconds, writeCapture } from './pcap-file.ts';

/** Why there is no tcpdump to compare with; false where there is. For the `skip` of a test. */
export const noTcpdump: string | false = findTcpdump();

function findTcpdump(): string | false {
  const { error } = spawnSync('tcpdump', ['--version'], { env: environment() });
  return error ? 'tcpdump is not installed' : false;
}

/** Debian keeps tcpdump where only root's PATH looks. */
function environment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
}

/** libpcap refuses what is computed to be so only with its optimiser on. */
function isRefusedByOptimiser(stderr: Buffer): boolean {
  return /(division|modulus) by zero|shift by more/.test(stderr.toString());
}

/** What tcpdump says of a filter: which frames it matches, or why it refuses it. */
export type Verdicts = { readonly matches: ReadonlySet<number> } | { readonly refused: string };

/** Asks tcpdump about the frames of one capture. */
export class TcpdumpOracle {
  private readonly folder = mkdtempSync(join(tmpdir(), 'skep-filter-'));
  private readonly file = join(this.folder, 'frames.pcap');

  constructor(frames: readonly CapturedFrame[]) {
    writeFileSync(this.file, writeCapture(frames));
  }

  /** @param parameters such as `-O`: libpcap's optimiser off */
  verdicts(filter: string, parameters: readonly string[] = []): Verdicts {
    const words = [...parameters, '-n', '-r', this.file, '-w', '-', '--', filter];
    const { stdout, stderr, status } = spawnSync('tcpdump', words, {
      env: environment(),
      maxBuffer: 1 << 28,
    });
    // libpcap refuses a filter that can match nothing, which is a verdict too.
    if (stderr.includes('expression rejects all packets')) return { matches: new Set() };
    if (isRefusedByOptimiser(stderr) && parameters.length === 0) {
      return this.verdicts(filter, ['-O']);
    }
    if (status !== 0) return { refused: stderr.toString() };
    return { matches: new Set(readCaptureSeconds(stdout)) };
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/**
 * The classic program of a filter, as `tcpdump -ddd` prints it; `undefined` where libpcap makes
 * none, since the filter matches nothing or divides by what it computes to be zero.
 *
 * @param parameters such as `-O`, or `-d` for the listing instead
 * @throws Error where tcpdump refuses the filter
 */
export function classicProgramOf(
  filter: string,
  parameters: readonly string[] = ['-ddd'],
): string | undefined {
  const words = ['-y', 'EN10MB', ...parameters, '--', filter];
  const { stdout, stderr, status } = spawnSync('tcpdump', words, { env: environment() });
  if (status === 0) return stdout.toString();
  if (stderr.includes('expression rejects all packets')) return undefined;
  if (isRefusedByOptimiser(stderr)) return undefined;
  throw new Error(`tcpdump ${words.join(' ')}: ${stderr.toString().trim()}`);
}
