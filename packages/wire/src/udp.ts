/** The UDP header. @source RFC 768 */
import { be16, Struct } from '@skep/ebpf';

/** All 8 bytes; `length` counts them and the payload. */
export class UdpHeader extends Struct({
  sourcePort: be16,
  destinationPort: be16,
  length: be16,
  checksum: be16,
}) {}

/** The ports that TCP, UDP and SCTP begin with. @source RFC 9293, RFC 768, RFC 9260 section 3.1 */
export class Ports extends Struct({ source: be16, destination: be16 }) {}
