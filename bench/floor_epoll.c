// floor_epoll PORT: answers whatever arrives on 127.0.0.1:PORT with a prepared response of 1 KiB,
// on two threads with a listening socket each (SO_REUSEPORT). It parses nothing, opens nothing and
// logs nothing: one wait, one read and one write are the least that a response can cost.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { body_bytes = 1024 };

static uint16_t port;
static char response[body_bytes + 256];
static size_t response_bytes;

static void prepare_response(void) {
  int const head = snprintf(response, sizeof response,
                            "HTTP/1.1 200 OK\r\nServer: floor\r\nContent-Type: text/plain\r\n"
                            "Content-Length: %d\r\n\r\n",
                            body_bytes);
  memset(response + head, 'x', body_bytes);
  response_bytes = (size_t)head + body_bytes;
}

static int listen_on_port(void) {
  int const on = 1;
  int const s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(s, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(s, (struct sockaddr*)&address, sizeof address) != 0 || listen(s, 4096) != 0) {
    perror("floor_epoll");
    exit(1);
  }
  return s;
}

static void watch(int poll, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
}

static void accept_one(int poll, int listener) {
  int const on = 1;
  int const client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (client < 0) return;
  setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  watch(poll, client);
}

static void answer(int client) {
  char request[4096];
  ssize_t const got = read(client, request, sizeof request);
  if (got <= 0 || write(client, response, response_bytes) != (ssize_t)response_bytes) close(client);
}

static void* serve(void* unused) {
  int const listener = listen_on_port();
  int const poll = epoll_create1(EPOLL_CLOEXEC);
  watch(poll, listener);
  struct epoll_event events[64];
  for (;;) {
    int const count = epoll_wait(poll, events, 64, -1);
    for (int i = 0; i < count; ++i) {
      if (events[i].data.fd == listener) {
        accept_one(poll, listener);
      } else {
        answer(events[i].data.fd);
      }
    }
  }
  return unused;
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  port = (uint16_t)atoi(argv[1]);
  prepare_response();
  pthread_t second;
  if (pthread_create(&second, NULL, serve, NULL) != 0) return 1;
  serve(NULL);
}
