#define _GNU_SOURCE
#include "CPosix.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int cposix_open_directory(int dir, const char *path) {
    int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int cposix_open_read(int dir, const char *path) {
    int fd = openat(dir, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return -errno;
    struct stat status;
    int error = fstat(fd, &status) ? errno
                : S_ISDIR(status.st_mode) ? EISDIR
                : S_ISREG(status.st_mode) ? 0
                                          : EINVAL;
    if (!error) return fd;
    close(fd);
    return -error;
}

int cposix_close(int fd) { return close(fd) ? -errno : 0; }

int cposix_is_nameless(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 && status.st_nlink == 0;
}

long cposix_pread(int fd, uint8_t *buffer, size_t capacity, int64_t offset) {
    ssize_t count;
    do count = pread(fd, buffer, capacity, offset);
    while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : count;
}

long cposix_pread_list(int fd, uint8_t *buffer, size_t capacity) {
    // Pages hold whole lines, and no line is half as long as the smallest page.
    const long short_of_page = 2048;
    size_t used = 0;
    while (used < capacity) {
        long count = cposix_pread(fd, buffer + used, capacity - used, (int64_t)used);
        if (count < 0) return count;
        used += (size_t)count;
        if (count < short_of_page && used < capacity) return (long)used;
    }
    return -EFBIG;
}

long cposix_pread_all(int fd, uint8_t *buffer, size_t capacity) {
    size_t used = 0;
    for (;;) {
        // One byte past the capacity tells a file that just fits from one that doesn't.
        uint8_t spare;
        int full = used == capacity;
        long count = cposix_pread(fd, full ? &spare : buffer + used, full ? 1 : capacity - used,
                                  (int64_t)used);
        if (count <= 0) return count < 0 ? count : (long)used;
        if (full) return -EFBIG;
        used += (size_t)count;
    }
}

long cposix_read_file(int dir, const char *path, uint8_t *buffer, size_t capacity) {
    int fd = cposix_open_read(dir, path);
    if (fd < 0) return fd;
    long count = cposix_pread_all(fd, buffer, capacity);
    close(fd);
    return count;
}

long cposix_read(int fd, uint8_t *buffer, size_t capacity) {
    ssize_t count;
    do count = read(fd, buffer, capacity);
    while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : count;
}

long cposix_list(int dir, const char *path, char *buffer, size_t capacity) {
    int fd = cposix_open_directory(dir, path);
    if (fd < 0) return fd;
    // Not readdir: its stream is a block of 32 KiB from malloc, and the sensors' folders are looked
    // through again and again.
    union {
        struct dirent64 first;
        char bytes[4096];
    } entries;
    long used = 0;
    for (;;) {
        ssize_t filled = getdents64(fd, &entries, sizeof entries);
        if (filled <= 0) {
            if (filled < 0) used = -errno;
            break;
        }
        for (ssize_t at = 0; at < filled;) {
            struct dirent64 *entry = (struct dirent64 *)(entries.bytes + at);
            at += entry->d_reclen;
            if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
            size_t count = strlen(entry->d_name) + 1;
            if ((size_t)used + count > capacity) {
                close(fd);
                return -EFBIG;
            }
            memcpy(buffer + used, entry->d_name, count);
            used += (long)count;
        }
    }
    close(fd);
    return used;
}

int cposix_status(int dir, const char *path, struct cposix_status *status) {
    struct stat found;
    if (fstatat(dir, path, &found, 0)) return -errno;
    status->size = found.st_size;
    status->modified_ms = (int64_t)found.st_mtim.tv_sec * 1000 + found.st_mtim.tv_nsec / 1000000;
    status->mode = found.st_mode & 07777;
    status->owner = found.st_uid;
    status->is_directory = S_ISDIR(found.st_mode);
    status->is_regular = S_ISREG(found.st_mode);
    return 0;
}

int cposix_exists(int dir, const char *path) { return faccessat(dir, path, F_OK, 0) == 0; }

int cposix_is_writable(int dir, const char *path) {
    return faccessat(dir, path, W_OK, AT_EACCESS) == 0;
}
