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

/** What tcpdump says of a filter: which frames it matches, or why it refuses it. */
export type Verdicts =
  | { readonly matches: ReadonlySet<number> }
  | { readonly refused: string };

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
    if (status !== 0) return { refused: stderr.toString() };
    return { matches: new Set(readCaptureSeconds(stdout)) };
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The classic program of a filter, as `tcpdump -ddd` prints it. @throws Error where it refuses */
export function classicProgramOf(filter: string): string {
  const words = ['-y', 'EN10MB', '-ddd', '--', filter];
  const { stdout, stderr, status } = spawnSync('tcpdump', words, { env: environment() });
  if (status !== 0) throw new Error(`tcpdump -ddd '${filter}': ${stderr.toString().trim()}`);
  return stdout.toString();
}
