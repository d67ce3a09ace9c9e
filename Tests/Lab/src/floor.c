// The floors that the agent's cycle is measured against: a loop that reads the same files at the same
// pace, and does nothing with them.
//
//   floor [--open] [--post PORT BYTES] INTERVAL_MS FILE...
//
// As the agent does it: descriptors are held and pread; a file that can't be opened is left out.
//   --open   opens, reads and closes each file in each cycle, as a program does that holds nothing
//   --post   sends a request of so many bytes to 127.0.0.1:PORT after each cycle, over one connection
//            that is kept, and reads the reply
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FILES_MAX 128
#define BODY_MAX 4096

static char text[32768];

static void read_held(int file) {
    // A sensor that answers with an error is read again in the next cycle.
    if (pread(file, text, sizeof text, 0) < 0) return;
}

static void read_anew(const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    ssize_t got;
    do got = read(file, text, sizeof text);
    while (got > 0);
    close(file);
}

/// A connection to the port on this machine; -1 where nobody listens.
static int connect_to(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int link = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (link >= 0 && connect(link, (struct sockaddr *)&address, sizeof address) == 0) return link;
    perror("floor: --post");
    if (link >= 0) close(link);
    return -1;
}

/// One request and its reply, which must fit into one read; false where the connection ended.
static int post(int link, const char *request, size_t length) {
    if (send(link, request, length, MSG_NOSIGNAL) != (ssize_t)length) return 0;
    return recv(link, text, sizeof text, 0) > 0;
}

int main(int count, char **arguments) {
    static int files[FILES_MAX];
    static char request[BODY_MAX + 256];
    size_t length = 0;
    int anew = 0, port = 0, first = 1;
    for (; first < count && arguments[first][0] == '-'; first++) {
        if (strcmp(arguments[first], "--open") == 0) anew = 1;
        else if (strcmp(arguments[first], "--post") == 0 && first + 2 < count) {
            port = atoi(arguments[++first]);
            long bytes = strtol(arguments[++first], NULL, 10);
            if (bytes < 0 || bytes > BODY_MAX) bytes = BODY_MAX;
            length = (size_t)snprintf(request, 256,
                                      "POST /v1/reports HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                                      "Content-Length: %ld\r\n\r\n", bytes);
            memset(request + length, 'x', (size_t)bytes);
            length += (size_t)bytes;
        } else break;
    }
    if (count - first < 2 || arguments[first][0] == '-') {
        fprintf(stderr, "usage: floor [--open] [--post PORT BYTES] INTERVAL_MS FILE...\n");
        return 2;
    }
    long interval_ms = strtol(arguments[first], NULL, 10);
    char **paths = arguments + first + 1;
    int path_count = count - first - 1, open_count = 0;
    for (int i = 0; i < path_count && open_count < FILES_MAX && !anew; i++) {
        int file = open(paths[i], O_RDONLY | O_CLOEXEC);
        if (file >= 0) files[open_count++] = file;
    }
    int link = port ? connect_to(port) : -1;
    if (port && link < 0) return 1;
    struct timespec next;
    clock_gettime(CLOCK_MONOTONIC, &next);
    for (;;) {
        if (anew) for (int i = 0; i < path_count; i++) read_anew(paths[i]);
        else for (int i = 0; i < open_count; i++) read_held(files[i]);
        if (port && !post(link, request, length)) {
            close(link);
            if ((link = connect_to(port)) < 0) return 1;
        }
        next.tv_nsec += interval_ms * 1000000L;
        while (next.tv_nsec >= 1000000000L) {
            next.tv_nsec -= 1000000000L;
            next.tv_sec++;
        }
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
    }
}
