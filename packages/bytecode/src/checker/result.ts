/** What a program may return, by its kind. @source check_return_code, kernel/bpf/verifier.c */
import type { ProgramKind } from '@skep/ebpf';
import type { Scope } from './scope.ts';
import { kernelName, type Value } from './value.ts';

const NOTHING = [1, 1] as const;
const YES_OR_NO = [0, 1] as const;

/** The least and the greatest; kinds that are not here may return anything. */
const ranges: Partial<Record<ProgramKind, readonly [least: number, most: number]>> = {
  cgroupIngress: YES_OR_NO,
  cgroupEgress: [0, 3],
  socketCreate: YES_OR_NO,
  socketRelease: YES_OR_NO,
  postBind4: YES_OR_NO,
  postBind6: YES_OR_NO,
  sockOps: YES_OR_NO,
  bind4: [0, 3],
  bind6: [0, 3],
  connect4: YES_OR_NO,
  connect6: YES_OR_NO,
  sendmsg4: YES_OR_NO,
  sendmsg6: YES_OR_NO,
  recvmsg4: NOTHING,
  recvmsg6: NOTHING,
  getpeername4: NOTHING,
  getpeername6: NOTHING,
  getsockname4: NOTHING,
  getsockname6: NOTHING,
  socketLookup: YES_OR_NO,
};

/** What speaks against the program's result, if anything does. */
export function checkResult({ kinds }: Scope, result: Value): string | undefined {
  if (result.kind === 'unread') return 'R0 !read_ok';
  const known = kinds.map((kind) => ranges[kind]);
  if (known.length !== 1 || !known[0] || result.kind === 'unknown') return undefined;
  const [least, most] = known[0];
  const want = `should have been in [${least}, ${most}]`;
  if (result.kind !== 'scalar') {
    return `At program exit the register R0 is not a known value (${kernelName(result)}), ${want}`;
  }
  const { value, most: mostOfResult } = result;
  if (value !== undefined && (value < BigInt(least) || value > BigInt(most))) {
    return `At program exit the register R0 has value ${BigInt.asIntN(64, value)}, ${want}`;
  }
  if (mostOfResult === undefined || (least === 0 && mostOfResult <= BigInt(most))) return undefined;
  return `At program exit the register R0 has a value up to ${mostOfResult}, ${want}`;
}
