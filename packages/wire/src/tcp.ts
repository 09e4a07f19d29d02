/** The TCP header. @source RFC 9293 section 3.1 */
import { be16, be32, Struct, u8 } from '@skep/ebpf';

/** The 20 bytes that every segment has; options may follow, counted in `dataOffset`. */
export class TcpHeader extends Struct({
  sourcePort: be16,
  destinationPort: be16,
  sequence: be32,
  acknowledgment: be32,
  /** Header length in 4-byte words in the upper half. */
  dataOffset: u8,
  /** Members of `TcpFlag`. */
  flags: u8,
  window: be16,
  checksum: be16,
  urgentPointer: be16,
}) {}

/** The control bits, as they lie in `TcpHeader.flags`. @source RFC 9293 section 3.1 */
export enum TcpFlag {
  FIN = 1,
  SYN = 2,
  RST = 4,
  PSH = 8,
  ACK = 16,
  URG = 32,
  ECE = 64,
  CWR = 128,
}
