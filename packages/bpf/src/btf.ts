/** Giving BTF to the kernel: names and types that its verifier and tools show. */
import { BpfAttribute, BpfCommand, bpfResult, Fd } from '@skep/sys';
import { Attribute } from './attribute.ts';
import { bpfError } from './call.ts';

const LOG_BYTES = 1 << 16;

/**
 * Loads BTF. It stays as long as a program or map uses it, so the descriptor may be closed then.
 *
 * @param subject whose BTF it is, for errors
 * @throws KernelError with the last line of the kernel's log
 */
export function loadBtf(btf: Uint8Array, subject: string): Fd<'btf'> {
  const { btfLoad } = BpfAttribute;
  const attribute = new Attribute(btfLoad.size)
    .setPointer(btfLoad.btf, btf)
    .setU32(btfLoad.btf_size, btf.length);
  const result = bpfResult(BpfCommand.BTF_LOAD, attribute.bytes);
  if (result >= 0) return new Fd('btf', result);
  const log = Buffer.alloc(LOG_BYTES);
  attribute
    .setPointer(btfLoad.btf_log_buf, log)
    .setU32(btfLoad.btf_log_size, log.length)
    .setU32(btfLoad.btf_log_level, 1);
  const again = bpfResult(BpfCommand.BTF_LOAD, attribute.bytes);
  if (again >= 0) return new Fd('btf', again);
  const lines = log.toString('utf8', 0, log.indexOf(0)).trim().split('\n');
  const detail = lines.at(-1);
  throw bpfError(-again, { operation: 'load btf', subject, ...(detail ? { detail } : {}) });
}
