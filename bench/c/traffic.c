/*
 * TCP between two endpoints, one byte at a time: what the path costs, with as little else as can be.
 *
 *   traffic serve PORT                                answers each byte with a byte
 *   traffic request|connection ADDRESS PORT MS        asks for so many milliseconds
 *
 * A request is a round trip on one open connection; a connection is opened, asked once, and reset,
 * so that no port has to wait. Both ends are on the last processor: where the scheduler would put
 * them from one second to the next makes more of a difference than any path. The client prints how many there were in how many nanoseconds, then
 * the median and the 99th percentile of one, in nanoseconds.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SAMPLES_MAX (1 << 22)

static unsigned samples[SAMPLES_MAX];

static void fail(const char *operation) {
  perror(operation);
  exit(1);
}

static long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000L + time.tv_nsec;
}

static struct sockaddr_in socket_address(const char *address, const char *port) {
  struct sockaddr_in found = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};
  if (inet_pton(AF_INET, address, &found.sin_addr) != 1) fail("read address");
  return found;
}

static int new_socket(void) {
  int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) fail("socket");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  return fd;
}

static void serve(const char *port) {
  struct sockaddr_in address = socket_address("0.0.0.0", port);
  int listener = new_socket();
  if (bind(listener, (void *)&address, sizeof address) < 0) fail("bind");
  if (listen(listener, 128) < 0) fail("listen");
  puts("ready");
  fflush(stdout);
  for (;;) {
    int fd = accept(listener, 0, 0);
    if (fd < 0) fail("accept");
    char byte;
    while (read(fd, &byte, 1) == 1 && write(fd, &byte, 1) == 1) continue;
    close(fd);
  }
}

static int open_connection(const struct sockaddr_in *server) {
  int fd = new_socket();
  if (connect(fd, (void *)server, sizeof *server) < 0) fail("connect");
  return fd;
}

static void exchange(int fd) {
  char byte = '.';
  if (write(fd, &byte, 1) != 1) fail("write");
  if (read(fd, &byte, 1) != 1) fail("read");
}

static void connect_once(const struct sockaddr_in *server) {
  struct linger reset = {.l_onoff = 1, .l_linger = 0};
  int fd = open_connection(server);
  exchange(fd);
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  close(fd);
}

static int by_size(const void *one, const void *other) {
  unsigned a = *(const unsigned *)one, b = *(const unsigned *)other;
  return (a > b) - (a < b);
}

static void measure(int opens, const struct sockaddr_in *server, long nanoseconds) {
  int fd = opens ? -1 : open_connection(server);
  long started = now(), before = started, after = started;
  unsigned count = 0;
  while (after - started < nanoseconds && count < SAMPLES_MAX) {
    if (opens) connect_once(server);
    else exchange(fd);
    after = now();
    samples[count++] = after - before;
    before = after;
  }
  qsort(samples, count, sizeof *samples, by_size);
  unsigned last = count - 1;
  printf("%u %ld %u %u\n", count, after - started, samples[last / 2],
         samples[(unsigned)(last * 0.99)]);
}

static void stay_on_last_processor(void) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(sysconf(_SC_NPROCESSORS_ONLN) - 1, &set);
  if (sched_setaffinity(0, sizeof set, &set) < 0) fail("sched_setaffinity");
}

int main(int count, char **words) {
  stay_on_last_processor();
  if (count == 3 && !strcmp(words[1], "serve")) serve(words[2]);
  if (count != 5) return fputs("traffic: expected 'serve PORT' or 'KIND ADDRESS PORT MS'\n", stderr), 2;
  struct sockaddr_in server = socket_address(words[2], words[3]);
  measure(!strcmp(words[1], "connection"), &server, atol(words[4]) * 1000000L);
  return 0;
}
