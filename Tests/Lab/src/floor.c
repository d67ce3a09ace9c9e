// The floor that the agent's cycle is measured against: reads the same files at the same pace, and does
// nothing with them.
//
//   floor INTERVAL_MS FILE...
//
// As the agent does it: descriptors are held and pread; a file that can't be opened is left out.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define FILES_MAX 128

int main(int count, char **arguments) {
    static int files[FILES_MAX];
    static char text[4096];
    int open_count = 0;
    if (count < 3) {
        fprintf(stderr, "usage: floor INTERVAL_MS FILE...\n");
        return 2;
    }
    long interval_ms = strtol(arguments[1], NULL, 10);
    for (int i = 2; i < count && open_count < FILES_MAX; i++) {
        int file = open(arguments[i], O_RDONLY | O_CLOEXEC);
        if (file >= 0) files[open_count++] = file;
    }
    struct timespec next;
    clock_gettime(CLOCK_MONOTONIC, &next);
    for (;;) {
        for (int i = 0; i < open_count; i++)
            // A sensor that answers with an error is read again in the next cycle.
            if (pread(files[i], text, sizeof text, 0) < 0) continue;
        next.tv_nsec += interval_ms * 1000000L;
        while (next.tv_nsec >= 1000000000L) {
            next.tv_nsec -= 1000000000L;
            next.tv_sec++;
        }
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
    }
}
