import { HashMap, s32, u32, u64, UserFunction, UserReturn } from '@skep/ebpf';

export abstract class Write extends UserFunction('x64', { file: s32, text: u64, length: u64 }) {}
export abstract class Written extends UserReturn('arm64', s32) {}
export const bytes = new HashMap({ name: 'bytes', key: u32, value: u64, maxEntries: 8 });

/** Arguments are where the processor has them. */
export function entered(ctx: Write): void {
  const sum = bytes.lookup(u32(ctx.file));
  if (sum) sum.value += ctx.length;
}
export function left(ctx: Written): void {
  if (ctx.result < 0) bytes.update(0, 1);
}
