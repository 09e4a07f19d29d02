import { ProgramArray, TcAction, type TcContext } from '@skep/ebpf';

export const programs = new ProgramArray({ name: 'programs', maxEntries: 4 });

export function dispatch(ctx: TcContext): TcAction {
  programs.tailCall(ctx, ctx.mark & 3);
  return TcAction.Drop;
}
