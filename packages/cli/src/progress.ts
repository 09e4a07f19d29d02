/** Progress of work that takes longer than a moment: one line a step, with the time that passed. */
import { pc } from './colours.ts';

/** Where work tells what it is doing. */
export interface Progress {
  readonly step: (text: string) => void;
  readonly end: (text: string) => void;
}

/** Progress on standard output, or elsewhere; its clock, in seconds, starts now. */
export function showProgress(stream: NodeJS.WriteStream = process.stdout): Progress {
  const start = performance.now();
  const line = (text: string): void => {
    const seconds = ((performance.now() - start) / 1000).toFixed(1).padStart(5);
    stream.write(`${pc.dim(`${seconds} s`)}  ${text}\n`);
  };
  return { step: line, end: (text) => line(pc.bold(text)) };
}
