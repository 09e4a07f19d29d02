/** The kernel's socket, as far as it shows it to programs. */
import { be16, be32, s32, u32 } from '../integers.ts';
import { array, Struct } from '../struct.ts';

/**
 * A socket; programs only read it. Addresses and ports are the socket's own: source is this end.
 *
 * @source struct bpf_sock, include/uapi/linux/bpf.h; bpf_sock_is_valid_access, net/core/filter.c
 */
export class Socket extends Struct({
  boundIfindex: u32,
  /** AF_INET is 2, AF_INET6 is 10. */
  family: u32,
  /** SOCK_STREAM is 1, SOCK_DGRAM is 2. */
  type: u32,
  protocol: u32,
  mark: u32,
  priority: u32,
  sourceIp4: be32,
  sourceIp6: array(be32, 4),
  sourcePort: u32,
  destinationPort: be16,
  destinationIp4: be32,
  destinationIp6: array(be32, 4),
  /** A `TcpState`. */
  state: u32,
  /** -1 where none is set. @since Linux 5.8 */
  rxQueueMapping: s32,
}) {}

/** The states of a TCP socket. @source enum bpf_tcp_state, include/uapi/linux/bpf.h */
export enum TcpState {
  Established = 1,
  SynSent = 2,
  SynReceived = 3,
  FinWait1 = 4,
  FinWait2 = 5,
  TimeWait = 6,
  Close = 7,
  CloseWait = 8,
  LastAck = 9,
  Listen = 10,
  Closing = 11,
}
