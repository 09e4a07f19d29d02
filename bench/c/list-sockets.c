/* examples/src/list-sockets.ts */
#include "bpf.h"

/* struct sock_common, include/net/sock.h: the fields that are read stand there on every kernel from 6.1 */
struct common { u32 other[3]; u16 remote_port, port, family; u8 state; };
/* struct bpf_iter_meta and struct bpf_iter__tcp */
struct meta { void *seq; u64 session, number; };
struct tcp_sockets { struct meta *meta; struct common *socket; u32 user; };
struct line { u32 state; u16 port, remote_port; };

PROGRAM(list)(struct tcp_sockets *ctx) {
  struct common *socket = ctx->socket;
  if (!socket) return 0;
  struct line line = {
    .state = socket->state, .port = socket->port, .remote_port = big16(socket->remote_port),
  };
  seq_write(ctx->meta->seq, &line, sizeof line);
  return 0;
}
