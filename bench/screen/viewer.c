// A VNC viewer for the comparison with other virtual machines (compare.sh): it asks for the next update as soon as it has one, and counts.
//
//   viewer PORT ENCODING SECONDS PROCESS
//
// ENCODING is raw, hextile or zrle. The machine's serial port is standard input (from the guest) and descriptor 3 (to the guest, guest.S). When the
// guest is ready and the first picture has come it looks on for SECONDS, and prints
//
//   GUEST_UNITS UPDATES PIXELS BYTES NANOSECONDS PROCESSOR_HUNDREDTHS
//
// of that time; the last is what the process with the number PROCESS has used.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { RAW = 0, HEXTILE = 5, ZRLE = 16, LOOKS = 200, PIXEL = 4 };

static int server, width, height;
static uint8_t buffer[1 << 16];
static size_t begin, end;
static uint64_t updates, pixels, bytes;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "viewer: %s: %s\n", what, errno == 0 ? "not as the protocol has it" : strerror(errno));
    exit(1);
}

static void sleep_milliseconds(long count)
{
    nanosleep(&(struct timespec){ count / 1000, count % 1000 * 1000000 }, NULL);
}

static uint64_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + now.tv_nsec;
}

static void send_all(const void *message, size_t count)
{
    if (send(server, message, count, MSG_NOSIGNAL) != (ssize_t)count) {
        die("send");
    }
}

static void fill(void)
{
    ssize_t count = recv(server, buffer, sizeof buffer, 0);
    if (count <= 0) {
        die("the connection");
    }
    begin = 0;
    end = count;
    bytes += count;
}

// Takes bytes of what the server says; they may be dropped (NULL).
static void take(void *target, size_t count)
{
    while (count > 0) {
        if (begin == end) {
            fill();
        }
        size_t part = count < end - begin ? count : end - begin;
        if (target != NULL) {
            memcpy(target, buffer + begin, part);
            target = (uint8_t *)target + part;
        }
        begin += part;
        count -= part;
    }
}

static uint8_t take8(void)
{
    uint8_t value;
    take(&value, 1);
    return value;
}

static uint16_t take16(void)
{
    uint16_t value;
    take(&value, 2);
    return ntohs(value);
}

static uint32_t take32(void)
{
    uint32_t value;
    take(&value, 4);
    return ntohl(value);
}

static void enter(int port, int encoding)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    for (int look = 0;; look++) {
        server = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(server, (struct sockaddr *)&address, sizeof address) == 0) {
            break;
        }
        if (look == LOOKS) {
            die("connect");
        }
        close(server);
        sleep_milliseconds(50);
    }
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));

    errno = 0;
    char version[12];
    take(version, sizeof version);
    send_all("RFB 003.008\n", 12);
    uint8_t kinds[255], count = take8();
    take(kinds, count);
    if (memchr(kinds, 1, count) == NULL) {
        die("a server without a password");
    }
    send_all("\1", 1);
    if (take32() != 0) {
        die("the greeting");
    }
    send_all("\1", 1);
    width = take16();
    height = take16();
    take(NULL, 16);
    take(NULL, take32());

    // 32 bits, of which 24 count, little-endian, red at 16, green at 8, blue at 0.
    send_all("\0\0\0\0\x20\x18\0\1\0\xff\0\xff\0\xff\x10\x08\0\0\0\0", 20);
    uint32_t list[] = { htonl(0x02000002), htonl(encoding), htonl((uint32_t)-223) };
    send_all(list, sizeof list);
}

static void ask(int is_incremental)
{
    uint16_t request[] = { htons(0x0300 | is_incremental), 0, 0, htons(width), htons(height) };
    send_all(request, sizeof request);
}

static void take_hextile(int rectangle_width, int rectangle_height)
{
    for (int y = 0; y < rectangle_height; y += 16) {
        int tile_height = rectangle_height - y < 16 ? rectangle_height - y : 16;
        for (int x = 0; x < rectangle_width; x += 16) {
            int tile_width = rectangle_width - x < 16 ? rectangle_width - x : 16;
            uint8_t kind = take8();
            if ((kind & 1) != 0) {
                take(NULL, (size_t)tile_width * tile_height * PIXEL);
                continue;
            }
            take(NULL, ((kind & 2) != 0 ? PIXEL : 0) + ((kind & 4) != 0 ? PIXEL : 0));
            if ((kind & 8) != 0) {
                take(NULL, (size_t)take8() * ((kind & 16) != 0 ? PIXEL + 2 : 2));
            }
        }
    }
}

// Takes messages up to the next update with pixels and asks for another one.
static void take_update(void)
{
    for (uint64_t before = pixels; pixels == before;) {
        uint8_t kind = take8();
        if (kind == 2) {
            continue;
        }
        if (kind != 0) {
            die("a message");
        }
        take(NULL, 1);
        for (int left = take16(); left > 0; left--) {
            take(NULL, 4);
            int rectangle_width = take16(), rectangle_height = take16();
            switch ((int32_t)take32()) {
            case RAW:
                take(NULL, (size_t)rectangle_width * rectangle_height * PIXEL);
                break;
            case HEXTILE:
                take_hextile(rectangle_width, rectangle_height);
                break;
            case ZRLE:
                take(NULL, take32());
                break;
            case -223:
                width = rectangle_width;
                height = rectangle_height;
                ask(0);
                continue;
            default:
                die("an encoding");
            }
            pixels += (uint64_t)rectangle_width * rectangle_height;
        }
        ask(1);
    }
    updates++;
}

// How many bytes can be taken or wait to be; 0 when nothing comes in the given time.
static int waits(uint64_t until)
{
    if (begin != end) {
        return 1;
    }
    uint64_t now = nanoseconds();
    if (now >= until) {
        return 0;
    }
    struct timeval left = { (until - now) / 1000000000u, (until - now) / 1000 % 1000000 };
    fd_set set;
    FD_ZERO(&set);
    FD_SET(server, &set);
    return select(server + 1, &set, NULL, NULL, &left);
}

static uint64_t processor(const char *process)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%s/stat", process);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        die(path);
    }
    size_t count = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[count] = 0;
    char *rest = strrchr(text, ')');
    unsigned long user, system;
    if (rest == NULL || sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2) {
        die(path);
    }
    return user + system;
}

static uint64_t guest_units(void)
{
    char line[64];
    if (write(3, "?", 1) != 1 || fgets(line, sizeof line, stdin) == NULL) {
        die("the guest");
    }
    return strtoul(line, NULL, 16);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fputs("usage: viewer PORT ENCODING SECONDS PROCESS\n", stderr);
        return 2;
    }
    char line[256];
    do {
        if (fgets(line, sizeof line, stdin) == NULL) {
            die("the guest");
        }
    } while (strstr(line, "ready") == NULL);
    enter(atoi(argv[1]), strcmp(argv[2], "zrle") == 0 ? ZRLE : strcmp(argv[2], "hextile") == 0 ? HEXTILE : RAW);
    ask(0);
    uint64_t until = nanoseconds() + 1000000000u;
    while (waits(until)) {
        take_update();
    }
    updates = pixels = bytes = 0;
    uint64_t units = guest_units(), used = processor(argv[4]), start = nanoseconds();
    until = start + atof(argv[3]) * 1e9;
    while (waits(until)) {
        take_update();
    }
    uint64_t took = nanoseconds() - start;
    used = processor(argv[4]) - used;
    units = (guest_units() - units) & 0xffffffff;
    printf("%llu %llu %llu %llu %llu %llu\n", (unsigned long long)units, (unsigned long long)updates, (unsigned long long)pixels,
        (unsigned long long)bytes, (unsigned long long)took, (unsigned long long)used);
    return 0;
}
