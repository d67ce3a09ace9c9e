#define _GNU_SOURCE
#include "CMeasure.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#define FILES_MAX 128

uint64_t cmeasure_read_loop(const char *const *paths, size_t count, uint64_t cycles) {
    static char buffer[32 << 10];
    int files[FILES_MAX];
    size_t opened = 0;
    for (size_t i = 0; i < count && opened < FILES_MAX; i++) {
        int fd = open(paths[i], O_RDONLY | O_CLOEXEC);
        if (fd >= 0) files[opened++] = fd;
    }
    uint64_t sum = 0;
    for (uint64_t cycle = 0; cycle < cycles; cycle++) {
        for (size_t i = 0; i < opened; i++) {
            ssize_t got = pread(files[i], buffer, sizeof buffer, 0);
            if (got > 0) sum += (uint64_t)got;
        }
    }
    for (size_t i = 0; i < opened; i++) close(files[i]);
    return sum;
}

int64_t cmeasure_cpu_ns(void) {
    struct timespec time = {0};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}
