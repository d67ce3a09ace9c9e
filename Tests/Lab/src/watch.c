// Watches the workload of a trial from inside the board, by the board's own clock, and says how it ended.
//
//   watch PROGRESS GROUP LIMIT_S
//
// Each second a line: s, units, s since the last unit, longest gap, MiB of the group in memory and in swap,
// memory.high and memory.max in MiB (-1: max), s of "some" and "full" stall. The last line is
// `END WHY SECONDS UNITS LONGEST_GAP`: `died` (its group is empty), `stalled` (5 s without a unit; the units
// before it), or `lived` (the limit came). It keeps itself in memory: what stalls the board doesn't stall it.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define STALL_S 5.0

static const char *group;

static const char *text_of(const char *path) {
    static char text[8192];
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t count = file < 0 ? 0 : read(file, text, sizeof text - 1);
    if (file >= 0) close(file);
    text[count > 0 ? count : 0] = 0;
    return text;
}

static const char *group_file(const char *name) {
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", group, name);
    return text_of(path);
}

static long long mebibytes(const char *name) {
    const char *text = group_file(name);
    return text[0] == 'm' || !text[0] ? -1 : atoll(text) >> 20;
}

int main(int count, char **arguments) {
    if (count != 4) return 2;
    group = arguments[2];
    double limit_s = atof(arguments[3]);
    mlockall(MCL_CURRENT | MCL_FUTURE);
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    double began = (double)now.tv_sec + (double)now.tv_nsec / 1e9, seen = 0;
    for (int empty = 0;; sleep(1)) {
        clock_gettime(CLOCK_BOOTTIME, &now);
        double clock_s = (double)now.tv_sec + (double)now.tv_nsec / 1e9, s = clock_s - began;
        uint64_t words[4] = {0};
        int file = open(arguments[1], O_RDONLY | O_CLOEXEC);
        ssize_t got = file < 0 ? 0 : read(file, words, sizeof words);
        if (file >= 0) close(file);
        if (got == sizeof words && words[1]) seen = (double)words[1] / 1e9;
        double age = seen > 0 ? clock_s - seen : 0;
        long long now_mib = mebibytes("memory.current"), swapped = mebibytes("memory.swap.current");
        long long high = mebibytes("memory.high"), most = mebibytes("memory.max");
        const char *pressure = group_file("memory.pressure"), *full = strstr(pressure, "full");
        const char *some_total = strstr(pressure, "total="), *full_total = full ? strstr(full, "total=") : NULL;
        double some_s = some_total ? atof(some_total + 6) / 1e6 : 0, full_s = full_total ? atof(full_total + 6) / 1e6 : 0;
        double gap_s = (double)words[3] / 1e9;
        printf("%.1f %llu %.1f %.1f %lld %lld %lld %lld %.1f %.1f\n", s, (unsigned long long)words[0], age, gap_s,
               now_mib, swapped, high, most, some_s, full_s);
        empty = strstr(group_file("cgroup.events"), "populated 1") ? 0 : empty + 1;
        const char *end = NULL;
        uint64_t units = words[0];
        if (seen > 0 && words[2] != UINT64_MAX) {
            end = "stalled";
            units = words[2];
        } else if (empty > 1 && s > 3) {
            end = "died";
        } else if (age > STALL_S) {
            end = "stalled";
        } else if (s >= limit_s) {
            end = "lived";
        }
        if (end) printf("END %s %.1f %llu %.1f\n", end, s, (unsigned long long)units, age > gap_s ? age : gap_s);
        fflush(stdout);
        if (end) return 0;
    }
}
