// Sockets of this machine that keep messages apart (SOCK_SEQPACKET): a message comes whole or not at
// all, and never runs into the next one.
#define _GNU_SOURCE
#include "CPosix.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int address_of(const char *path, struct sockaddr_un *address) {
    size_t count = strlen(path);
    if (path[0] != '/') return -EINVAL;
    if (count >= sizeof address->sun_path) return -ENAMETOOLONG;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, path, count);
    return 0;
}

static int open_socket(void) {
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return fd < 0 ? -errno : fd;
}

int cposix_packet_listen(const char *path, uint32_t mode) {
    struct sockaddr_un address;
    int error = address_of(path, &address);
    if (error) return error;
    int fd = open_socket();
    if (fd < 0) return fd;
    // Nobody may connect before the mode is set; the mask is the process's own for that long.
    mode_t before = umask(0777);
    error = bind(fd, (struct sockaddr *)&address, sizeof address) ? errno : 0;
    umask(before);
    if (!error && (chmod(path, (mode_t)mode) || listen(fd, 4))) error = errno;
    if (!error) return fd;
    close(fd);
    return -error;
}

int cposix_packet_accept(int listener) {
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

int cposix_packet_connect(const char *path) {
    struct sockaddr_un address;
    int error = address_of(path, &address);
    if (error) return error;
    int fd = open_socket();
    if (fd < 0) return fd;
    if (!connect(fd, (struct sockaddr *)&address, sizeof address)) return fd;
    error = errno;
    close(fd);
    return -error;
}

int cposix_peer_user(int fd, uint32_t *user) {
    struct ucred peer;
    socklen_t count = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &count)) return -errno;
    *user = peer.uid;
    return 0;
}

int cposix_packet_send(int fd, const uint8_t *bytes, size_t count) {
    ssize_t sent;
    do sent = send(fd, bytes, count, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : (size_t)sent == count ? 0 : -EIO;
}

long cposix_packet_receive(int fd, uint8_t *buffer, size_t capacity) {
    ssize_t count;
    // MSG_TRUNC: the message's own size, also where it is larger than the buffer.
    do count = recv(fd, buffer, capacity, MSG_TRUNC);
    while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : count;
}

uint32_t cposix_user(void) { return geteuid(); }
