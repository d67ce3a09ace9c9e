// Unix stream sockets, none of which ever blocks, and epoll.
#define _GNU_SOURCE
#include "CPosix.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

_Static_assert(sizeof((struct sockaddr_un){0}.sun_path) == CPOSIX_SOCKET_PATH_MAX + 1, "sun_path");

static int address_of(const char *path, struct sockaddr_un *address) {
    size_t count = strlen(path);
    if (count == 0) return -ENOENT;
    if (count > CPOSIX_SOCKET_PATH_MAX) return -ENAMETOOLONG;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, path, count);
    return 0;
}

int cposix_local_listen(const char *path, int waiting) {
    struct sockaddr_un address;
    int error = address_of(path, &address);
    if (error) return error;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -errno;
    // The kernel makes the file with the socket's own mode, so that it is the owner's alone until
    // the caller opens it to others (unix_bind_bsd in net/unix/af_unix.c).
    if (fchmod(fd, 0600) || bind(fd, (struct sockaddr *)&address, sizeof address) ||
        listen(fd, waiting)) {
        error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

int cposix_local_connect(const char *path) {
    struct sockaddr_un address;
    int error = address_of(path, &address);
    if (error) return error;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -errno;
    if (!connect(fd, (struct sockaddr *)&address, sizeof address)) return fd;
    error = errno;
    close(fd);
    return -error;
}

int cposix_local_accept(int fd) {
    int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    return client < 0 ? -errno : client;
}

int cposix_local_peer(int fd, struct cposix_peer *peer) {
    struct ucred found;
    socklen_t size = sizeof found;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &found, &size)) return -errno;
    *peer = (struct cposix_peer){found.pid, found.uid, found.gid};
    return 0;
}

int cposix_socket_set_send_buffer(int fd, int bytes) {
    return setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes) ? -errno : 0;
}

long cposix_socket_receive(int fd, uint8_t *buffer, size_t capacity) {
    ssize_t count;
    do count = recv(fd, buffer, capacity, MSG_DONTWAIT);
    while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : count;
}

long cposix_socket_send(int fd, const uint8_t *bytes, size_t count) {
    ssize_t sent;
    do sent = send(fd, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : sent;
}

int cposix_is_socket(const char *path) {
    struct stat status;
    return lstat(path, &status) ? -errno : S_ISSOCK(status.st_mode) ? 1 : 0;
}

int cposix_change_mode(const char *path, uint32_t mode) {
    return chmod(path, (mode_t)mode) ? -errno : 0;
}

int cposix_change_group(const char *path, uint32_t group) {
    return chown(path, (uid_t)-1, (gid_t)group) ? -errno : 0;
}

uint32_t cposix_user_id(void) { return (uint32_t)geteuid(); }

int cposix_epoll_open(void) {
    int fd = epoll_create1(EPOLL_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int cposix_epoll_set(int epoll, int fd, int wanted, uint64_t tag, int is_new) {
    struct epoll_event event = {
        .events = (wanted & CPOSIX_POLL_READ ? EPOLLIN : 0) |
                  (wanted & CPOSIX_POLL_WRITE ? EPOLLOUT : 0),
        .data = {.u64 = tag},
    };
    return epoll_ctl(epoll, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event) ? -errno : 0;
}

int cposix_epoll_wait(int epoll, struct cposix_epoll_item *items, int count, int timeout_ms) {
    struct epoll_event events[32];
    if (count < 1) return -EINVAL;
    int ready = epoll_wait(epoll, events, count < 32 ? count : 32, timeout_ms);
    if (ready < 0) return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < ready; i++) {
        uint32_t seen = events[i].events;
        items[i].tag = events[i].data.u64;
        items[i].ready = (seen & EPOLLIN ? CPOSIX_POLL_READ : 0) |
                         (seen & EPOLLOUT ? CPOSIX_POLL_WRITE : 0) |
                         (seen & (EPOLLERR | EPOLLHUP) ? CPOSIX_POLL_ERROR : 0);
    }
    return ready;
}
