// Kernel files that are told something once and then watched, and what a descriptor lies on.
#define _GNU_SOURCE
#include "CPosix.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/vfs.h>
#include <unistd.h>

int cposix_open_trigger(int dir, const char *path, const char *text, size_t count) {
    int fd = openat(dir, path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return -errno;
    ssize_t written = write(fd, text, count);
    if (written == (ssize_t)count) return fd;
    int error = written < 0 ? errno : EIO;
    close(fd);
    return -error;
}

// linux/magic.h has them; the numbers are ABI.
#define SYSFS 0x62656572
#define PROC 0x9fa0
#define CGROUP2 0x63677270

int cposix_is_kernel_file(int fd) {
    struct statfs status;
    if (fstatfs(fd, &status)) return 0;
    unsigned long type = (unsigned long)status.f_type;
    return type == SYSFS || type == PROC || type == CGROUP2;
}
