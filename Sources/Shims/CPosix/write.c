#define _GNU_SOURCE
#include "CPosix.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

int cposix_write_all(int fd, const uint8_t *bytes, size_t count) {
    while (count > 0) {
        ssize_t written = write(fd, bytes, count);
        if (written < 0 && errno == EAGAIN) {
            // Standard output may be a pipe that someone else made non-blocking.
            struct pollfd waiting = {fd, POLLOUT, 0};
            poll(&waiting, 1, 1000);
            continue;
        }
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return -errno;
        bytes += written;
        count -= (size_t)written;
    }
    return 0;
}

int cposix_write_existing(int dir, const char *path, const uint8_t *bytes, size_t count) {
    int fd = openat(dir, path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return -errno;
    struct stat status;
    int error = fstat(fd, &status) ? errno : S_ISREG(status.st_mode) ? 0 : EINVAL;
    // Kernel files ignore the truncation; files of a fixture tree need it.
    if (!error && ftruncate(fd, 0) && errno != EINVAL && errno != EPERM && errno != EACCES)
        error = errno;
    if (!error) {
        ssize_t written = write(fd, bytes, count);
        error = written < 0 ? errno : (size_t)written == count ? 0 : EIO;
    }
    close(fd);
    return -error;
}

static int sync_folder(const char *path) {
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t count = slash ? (slash == path ? 1 : (size_t)(slash - path)) : 1;
    memcpy(folder, slash ? path : ".", count);
    folder[count] = 0;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -errno;
    // Some file systems can't sync a folder and say EINVAL: nothing is lost that could be kept.
    int error = fsync(fd) && errno != EINVAL ? errno : 0;
    close(fd);
    return -error;
}

int cposix_replace(const char *path, const uint8_t *bytes, size_t count, uint32_t mode,
                   int durable) {
    char temporary[PATH_MAX];
    int length = snprintf(temporary, sizeof temporary, "%s.%d.tmp", path, (int)getpid());
    if (length < 0 || (size_t)length >= sizeof temporary) return -ENAMETOOLONG;
    unlink(temporary);
    // Created for the owner alone, so that a secret is never readable on the way to its mode.
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return -errno;
    int error = -cposix_write_all(fd, bytes, count);
    if (!error && fchmod(fd, (mode_t)mode)) error = errno;
    if (!error && durable && fsync(fd)) error = errno;
    if (close(fd) && !error) error = errno;
    if (!error && rename(temporary, path)) error = errno;
    if (error) {
        unlink(temporary);
        return -error;
    }
    return durable ? sync_folder(path) : 0;
}

int cposix_replace_by(const char *path, const char *temporary, const uint8_t *bytes, size_t count,
                      uint32_t mode, int is_cut) {
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
    int fd = open(temporary, flags, (mode_t)mode);
    if (fd < 0 && errno == EEXIST) {
        // Left by a process that was killed and had our number.
        unlink(temporary);
        fd = open(temporary, flags, (mode_t)mode);
    }
    if (fd < 0) return -errno;
    int error = -cposix_write_all(fd, bytes, count);
    if (!error && is_cut && fchmod(fd, (mode_t)mode)) error = errno;
    if (close(fd) && !error) error = errno;
    if (!error && rename(temporary, path)) error = errno;
    if (error) unlink(temporary);
    return -error;
}

int cposix_mask_cuts(uint32_t mode) {
    mode_t mask = umask(0);
    umask(mask);
    return (mode & mask) != 0;
}

int cposix_append(const char *path, const uint8_t *bytes, size_t count, uint32_t mode) {
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, (mode_t)mode);
    if (fd < 0) return -errno;
    int result = cposix_write_all(fd, bytes, count);
    close(fd);
    return result;
}

int cposix_make_directories(const char *path, uint32_t mode) {
    char partial[PATH_MAX];
    size_t count = strlen(path);
    if (count == 0) return -ENOENT;
    if (count >= sizeof partial) return -ENAMETOOLONG;
    memcpy(partial, path, count + 1);
    for (size_t i = 1; i <= count; i++) {
        if (partial[i] != '/' && partial[i] != 0) continue;
        char end = partial[i];
        partial[i] = 0;
        if (mkdir(partial, (mode_t)mode) && errno != EEXIST) {
            // A read-only or closed folder above says EROFS or EACCES although the next one exists.
            struct stat found;
            int error = errno;
            if (stat(partial, &found) || !S_ISDIR(found.st_mode)) return -error;
        }
        partial[i] = end;
    }
    struct stat found;
    if (stat(path, &found)) return -errno;
    return S_ISDIR(found.st_mode) ? 0 : -ENOTDIR;
}

int cposix_unlink(const char *path) { return unlink(path) ? -errno : 0; }
int cposix_rename(const char *from, const char *to) { return rename(from, to) ? -errno : 0; }
int cposix_remove_directory(const char *path) { return rmdir(path) ? -errno : 0; }

int cposix_lock(const char *path) {
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return -errno;
    if (!flock(fd, LOCK_EX | LOCK_NB)) return fd;
    int error = errno;
    close(fd);
    return -error;
}

int cposix_is_terminal(int fd) { return isatty(fd); }

int cposix_terminal_columns(int fd) {
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) ? 0 : size.ws_col;
}
