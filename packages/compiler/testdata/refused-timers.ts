import { HashMap, startTimer, Struct, Timer, u32, XdpAction, type XdpContext } from '@skep/ebpf';
import { Word } from './headers.ts';

export class Round extends Struct({ timer: Timer, runs: u32 }) {}
export const rounds = new HashMap({ name: 'rounds', key: u32, value: Round, maxEntries: 16 });
export const words = new HashMap({ name: 'words', key: u32, value: Word, maxEntries: 16 });

function next(round: Round): void {
  round.runs += 1;
}
export function begin(ctx: XdpContext): XdpAction {
  const word = words.lookup(0);
  if (word) startTimer(words, word, 1, () => {});
  if (word) startTimer(words, word, 1, nothing);
  const round = rounds.lookup(0);
  if (!round || !word) return XdpAction.Drop;
  startTimer(rounds, word as unknown as Round, 1, next);
  startTimer(rounds, round, 1, ctx.length as unknown as typeof next);
  return XdpAction.Pass;
}
function nothing(): void {}
