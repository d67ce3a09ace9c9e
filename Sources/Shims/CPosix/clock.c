#define _GNU_SOURCE
#include "CPosix.h"

#include <errno.h>
#include <poll.h>
#include <sys/timex.h>
#include <time.h>

static int64_t now_ns(clockid_t clock) {
    struct timespec time = {0};
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t cposix_boottime_ms(void) { return now_ns(CLOCK_BOOTTIME) / 1000000; }
int64_t cposix_realtime_ms(void) { return now_ns(CLOCK_REALTIME) / 1000000; }
int64_t cposix_monotonic_ns(void) { return now_ns(CLOCK_MONOTONIC); }

int cposix_clock_is_synchronised(void) {
    struct timex state = {0};
    int result = adjtimex(&state);
    return result >= 0 && result != TIME_ERROR && !(state.status & STA_UNSYNC);
}

void cposix_sleep_ms(int64_t duration_ms) {
    if (duration_ms <= 0) return;
    struct timespec rest = {duration_ms / 1000, duration_ms % 1000 * 1000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &rest, &rest) == EINTR) {}
}

int cposix_poll(struct cposix_poll_item *items, int count, int timeout_ms) {
    struct pollfd polled[64];
    if (count < 0 || count > 64) return -EINVAL;
    for (int i = 0; i < count; i++) {
        int wanted = items[i].wanted;
        polled[i].fd = items[i].fd;
        polled[i].events = (wanted & CPOSIX_POLL_READ ? POLLIN : 0) |
                           (wanted & CPOSIX_POLL_WRITE ? POLLOUT : 0) |
                           (wanted & CPOSIX_POLL_PRIORITY ? POLLPRI : 0);
        polled[i].revents = 0;
    }
    int result = poll(polled, (nfds_t)count, timeout_ms);
    if (result < 0 && errno != EINTR) return -errno;
    for (int i = 0; i < count; i++) {
        int seen = polled[i].revents;
        items[i].ready = (seen & POLLIN ? CPOSIX_POLL_READ : 0) |
                         (seen & POLLOUT ? CPOSIX_POLL_WRITE : 0) |
                         (seen & POLLPRI ? CPOSIX_POLL_PRIORITY : 0) |
                         (seen & (POLLERR | POLLHUP | POLLNVAL) ? CPOSIX_POLL_ERROR : 0);
    }
    return result < 0 ? 0 : result;
}
