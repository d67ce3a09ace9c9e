// A self-pipe, not a signalfd: a signalfd wants the signals blocked, and a blocked mask is handed
// down to every thread and child process that a library starts.
#define _GNU_SOURCE
#include "CPosix.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static int ends[2] = {-1, -1};

static void note(int number, siginfo_t *info, void *context) {
    (void)context;
    int saved = errno;
    uint8_t byte = (uint8_t)number;
    if (info && info->si_code == SI_KERNEL) byte |= CPOSIX_SIGNAL_OF_TERMINAL;
    // A full pipe holds 65,536 signals that nobody took: one more tells nothing new.
    (void)!write(ends[1], &byte, 1);
    errno = saved;
}

int cposix_signals_open(void) {
    if (ends[0] >= 0) return ends[0];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK)) return -errno;
    struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_RESTART | SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    sigset_t wanted;
    sigemptyset(&wanted);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        sigaddset(&wanted, numbers[i]);
        if (sigaction(numbers[i], &action, NULL)) return -errno;
    }
    // Whoever started the process from a worker thread may have handed down a mask that blocks
    // them all: then nothing short of SIGKILL would end it.
    int error = pthread_sigmask(SIG_UNBLOCK, &wanted, NULL);
    if (error) return -error;
    struct sigaction ignored = {.sa_handler = SIG_IGN};
    if (sigaction(SIGPIPE, &ignored, NULL)) return -errno;
    return ends[0];
}

int cposix_signals_watch_children(void) {
    struct sigaction action = {.sa_sigaction = note,
                               .sa_flags = SA_RESTART | SA_SIGINFO | SA_NOCLDSTOP};
    sigemptyset(&action.sa_mask);
    return sigaction(SIGCHLD, &action, NULL) ? -errno : 0;
}

int cposix_signals_next(void) {
    uint8_t byte;
    long count = ends[0] < 0 ? 0 : cposix_read(ends[0], &byte, 1);
    return count == 1 ? byte : count == -EAGAIN ? 0 : (int)count;
}
