/**
 * An upgrade: programs of a new layout run in the place of those of the layout before, decide and
 * remember, and hand each packet on to them, as it came, until all flows are carried over.
 */
import type { TcContext } from '@skep/ebpf';
import { TcAction } from '@skep/ebpf';
import { Hook, Succession } from '@skep/contract';
import { node } from '../config.ts';
import { former, FormerSlot, succession } from '../maps.ts';
import type { Packet } from '../packet.ts';

/** Once for each packet: what is said of it meanwhile does not change hands. */
export function readSuccession(packet: Packet): void {
  const row = succession.lookup(0);
  packet.isShadow = row && row.value === Succession.Decides ? 0 : 1;
}

/** Whether what is decided here does not count: nothing is counted, reported, or done then. */
export function isShadow(packet: Packet): boolean {
  return node.isSuccessor && packet.isShadow !== 0;
}

/** For an answer to no flow that is known here: in an upgrade the program before may know it. */
export function recallFormer(ctx: TcContext): void {
  if (node.recallsFormer) former.tailCall(ctx, FormerSlot.FromNetwork);
}

/** The programs of the layout before decide; they are there, or nothing passes. */
export function callFormer(ctx: TcContext, packet: Packet): TcAction {
  if (packet.hook === Hook.FromEndpoint) former.tailCall(ctx, FormerSlot.FromEndpoint);
  else former.tailCall(ctx, FormerSlot.ToEndpoint);
  return TcAction.Drop;
}
