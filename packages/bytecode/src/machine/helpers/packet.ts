/** Helpers that read, write, grow and shrink the packet. @source net/core/filter.c */
import type { Cpu } from '../cpu.ts';
import { Errno } from '../errno.ts';
import { forTc, forXdp, type MachineHelper } from './helper.ts';

/** Headers that a shrunken packet must keep: those of Ethernet. */
const LENGTH_MIN = 14;
/** SKB_MAX_ALLOC: four pages of 4 KiB without `struct skb_shared_info`. */
const LENGTH_MAX = 16_064;
/** PACKET_OTHERHOST: the last of the types that a program may set. */
const PACKET_TYPE_MAX = 3;
const PACKET_TYPE_OFFSET = 4;
const STORE_FLAGS = 3n;
const METADATA_MAX = 32;

function moved(cpu: Cpu, helper: string): void {
  cpu.packet.moved(helper);
  cpu.context.setLength(cpu.packet.length);
}

function loadBytes(cpu: Cpu): number {
  const target = cpu.bytes(3, cpu.u32(4), true);
  const source = cpu.packet.slice(cpu.u32(2), target.length);
  if (source) target.set(source);
  else target.fill(0);
  return source ? 0 : -Errno.EFAULT;
}

function storeBytes(cpu: Cpu): number {
  const source = cpu.bytes(3, cpu.u32(4)).slice();
  if ((cpu.bits(5) & ~STORE_FLAGS) !== 0n) return -Errno.EINVAL;
  const offset = cpu.u32(2);
  const target = cpu.packet.slice(offset, source.length);
  if (!target || offset > 0x7fffffff) return -Errno.EFAULT;
  cpu.packet.pull(offset + source.length);
  target.set(source);
  moved(cpu, 'skb_store_bytes');
  return 0;
}

function pullData(cpu: Cpu): number {
  const length = cpu.u32(2) || cpu.packet.linearBytes;
  const isPulled = cpu.packet.pull(length);
  moved(cpu, 'skb_pull_data');
  return isPulled ? 0 : -Errno.ENOMEM;
}

function changeTail(cpu: Cpu): number {
  const length = cpu.u32(2);
  const isRefused = cpu.bits(3) !== 0n || length > LENGTH_MAX || length < LENGTH_MIN;
  if (!isRefused) cpu.packet.resize(length);
  moved(cpu, 'skb_change_tail');
  return isRefused ? -Errno.EINVAL : 0;
}

function changeType(cpu: Cpu): number {
  const old = cpu.context.read(PACKET_TYPE_OFFSET, 4);
  const type = cpu.u32(2);
  if (old > PACKET_TYPE_MAX || type > PACKET_TYPE_MAX) return -Errno.EINVAL;
  cpu.context.setPacketType(type);
  return 0;
}

function adjust(helper: string, move: (cpu: Cpu, delta: number) => boolean): MachineHelper {
  return forXdp((cpu) => {
    const isMoved = move(cpu, cpu.s32(2));
    moved(cpu, helper);
    return isMoved ? 0 : -Errno.EINVAL;
  });
}

/** At most 32 bytes, as Linux 6.1 has it; later kernels allow more. */
function adjustMeta(cpu: Cpu): number {
  const { packet } = cpu;
  const delta = cpu.s32(2);
  const size = packet.metadataBytes - delta;
  const isFit = size <= METADATA_MAX && size % 4 === 0;
  const isMoved = isFit && packet.moveMeta(delta);
  moved(cpu, 'xdp_adjust_meta');
  if (isMoved) return 0;
  return isFit || size < 0 ? -Errno.EINVAL : -Errno.EACCES;
}

/** By number. */
export const packetHelpers: readonly (readonly [number, MachineHelper])[] = [
  [9, forTc(storeBytes)],
  [26, forTc(loadBytes)],
  [32, forTc(changeType)],
  [38, forTc(changeTail)],
  [39, forTc(pullData)],
  [44, adjust('xdp_adjust_head', (cpu, delta) => cpu.packet.moveHead(delta))],
  [54, forXdp(adjustMeta)],
  [65, adjust('xdp_adjust_tail', (cpu, delta) => cpu.packet.moveTail(delta))],
];
