// Files that grow: append, sync, cut. For the spool, whose records must be on the disk when it says so.
#define _GNU_SOURCE
#include "CPosix.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int cposix_open_append(const char *path, uint32_t mode) {
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, (mode_t)mode);
    return fd < 0 ? -errno : fd;
}

int cposix_open_record(const char *path, uint32_t mode) {
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, (mode_t)mode);
    return fd < 0 ? -errno : fd;
}

long cposix_pwrite(int fd, const uint8_t *bytes, size_t count, int64_t offset) {
    ssize_t written;
    do written = pwrite(fd, bytes, count, offset);
    while (written < 0 && errno == EINTR);
    return written < 0 ? -errno : written;
}

int cposix_sync_data(int fd) { return fdatasync(fd) ? -errno : 0; }

int cposix_truncate(int fd, int64_t length) { return ftruncate(fd, length) ? -errno : 0; }

int cposix_sync_folder(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -errno;
    // Some file systems can't sync a folder and say EINVAL: nothing is lost that could be kept.
    int error = fsync(fd) && errno != EINVAL ? errno : 0;
    close(fd);
    return -error;
}
