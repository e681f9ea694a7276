// TCP streams for the comparison with other virtual machines (compare.sh). It runs as a Linux program in a guest, and on the host as its peer.
//
//   net serve                              listens on 127.0.0.1, prints the port, and serves until its input ends
//   net up|down ADDRESS PORT MEGABYTES     sends or receives that much, and prints "net PATTERN MEGABYTES NANOSECONDS"
//
// The peer says how much has arrived, so that time ends when all is there, not when it has been handed to a buffer. A wrong amount is status 1.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PIECE = 256 * 1024 };

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "net: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

// Sends this many bytes; 0 if the peer has gone.
static int send_all(int stream, uint8_t *buffer, uint64_t count)
{
    while (count != 0) {
        ssize_t sent = send(stream, buffer, count < PIECE ? count : PIECE, MSG_NOSIGNAL);
        if (sent <= 0)
            return 0;
        count -= (uint64_t)sent;
    }
    return 1;
}

// Receives this many bytes, or up to the end; says how many.
static uint64_t receive_all(int stream, uint8_t *buffer, uint64_t count)
{
    uint64_t got = 0;
    while (got < count) {
        uint64_t left = count - got;
        ssize_t received = recv(stream, buffer, left < PIECE ? left : PIECE, 0);
        if (received <= 0)
            break;
        got += (uint64_t)received;
    }
    return got;
}

// A client says 'u' or 'd' and how much.
static void *serve(void *argument)
{
    int stream = (int)(intptr_t)argument;
    uint8_t *buffer = calloc(1, PIECE);
    uint8_t request[9];
    if (buffer != NULL && receive_all(stream, request, sizeof request) == sizeof request) {
        uint64_t count;
        memcpy(&count, request + 1, sizeof count);
        if (request[0] == 'u') {
            count = receive_all(stream, buffer, count);
            memcpy(buffer, &count, sizeof count);
            send_all(stream, buffer, sizeof count);
        } else {
            send_all(stream, buffer, count);
        }
    }
    free(buffer);
    close(stream);
    return NULL;
}

static int run_server(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 16) != 0
        || getsockname(listener, (struct sockaddr *)&address, &length) != 0)
        die("listen");
    printf("%u\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        struct pollfd waits[2] = { { .fd = listener, .events = POLLIN }, { .fd = 0, .events = POLLIN } };
        if (poll(waits, 2, -1) < 0)
            die("poll");
        if (waits[1].revents != 0)
            return 0;
        int stream = accept(listener, NULL, NULL);
        pthread_t thread;
        if (stream >= 0 && pthread_create(&thread, NULL, serve, (void *)(intptr_t)stream) == 0)
            pthread_detach(thread);
    }
}

int main(int count, char **arguments)
{
    if (count == 2 && strcmp(arguments[1], "serve") == 0)
        return run_server();
    if (count != 5 || (strcmp(arguments[1], "up") != 0 && strcmp(arguments[1], "down") != 0)) {
        fprintf(stderr, "net: usage: net serve | net up|down ADDRESS PORT MEGABYTES\n");
        return 2;
    }

    int isUp = arguments[1][0] == 'u';
    uint64_t bytes = strtoull(arguments[4], NULL, 10) << 20;
    uint8_t *buffer = calloc(1, PIECE);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[3])) };
    int stream = socket(AF_INET, SOCK_STREAM, 0);
    if (buffer == NULL || stream < 0 || inet_pton(AF_INET, arguments[2], &address.sin_addr) != 1
        || connect(stream, (struct sockaddr *)&address, sizeof address) != 0)
        die("connect");
    uint8_t request[9] = { (uint8_t)arguments[1][0] };
    memcpy(request + 1, &bytes, sizeof bytes);
    uint64_t start = now(), arrived = 0;
    if (send(stream, request, sizeof request, MSG_NOSIGNAL) != sizeof request)
        die("send");
    if (isUp) {
        if (!send_all(stream, buffer, bytes) || receive_all(stream, buffer, sizeof arrived) != sizeof arrived)
            die("send");
        memcpy(&arrived, buffer, sizeof arrived);
    } else {
        arrived = receive_all(stream, buffer, bytes);
    }
    uint64_t used = now() - start;
    if (arrived != bytes) {
        fprintf(stderr, "net: %llu of %llu bytes arrived\n", (unsigned long long)arrived, (unsigned long long)bytes);
        return 1;
    }
    printf("net %s %s %llu\n", arguments[1], arguments[4], (unsigned long long)used);
    return 0;
}
