import { HashMap, startTimer, Struct, Timer, u32, XdpAction, type XdpContext } from '@skep/ebpf';

export class Round extends Struct({ timer: Timer, runs: u32, first: u32 }) {}
export const rounds = new HashMap({ name: 'rounds', key: u32, value: Round, maxEntries: 16 });

/** Runs three times, 2 ms apart. */
function next(round: Round, key: { value: u32 }): void {
  if (round.runs === 0) round.first = key.value;
  round.runs += 1;
  if (round.runs < 3) startTimer(rounds, round, 2_000_000, next);
}
export function begin(ctx: XdpContext): XdpAction {
  rounds.update(7, new Round({ runs: 0 }));
  const round = rounds.lookup(7);
  if (!round) return XdpAction.Drop;
  return startTimer(rounds, round, 1_000_000, next) === 0 ? XdpAction.Pass : XdpAction.Aborted;
}
