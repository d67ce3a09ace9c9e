#define _GNU_SOURCE
#include "CPosix.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static int argument_count;
static char **arguments;

// glibc passes argc and argv to constructors, in static programs too.
__attribute__((constructor)) static void capture(int argc, char **argv) {
    argument_count = argc;
    arguments = argv;
}

int cposix_argc(void) { return argument_count; }

const char *cposix_argv(int index) {
    return index >= 0 && index < argument_count ? arguments[index] : NULL;
}

const char *cposix_environment(const char *name) { return getenv(name); }

int cposix_process_id(void) { return getpid(); }

void cposix_exit(int status) { exit(status); }

int cposix_cpu_count(void) {
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (int)count : 1;
}

long cposix_page_size(void) { return sysconf(_SC_PAGESIZE); }

static int copy(const char *text, char *buffer, size_t capacity) {
    size_t count = strlen(text);
    if (count >= capacity) return -ENAMETOOLONG;
    memcpy(buffer, text, count + 1);
    return (int)count;
}

int cposix_machine(char *buffer, size_t capacity) {
    struct utsname names;
    return uname(&names) ? -errno : copy(names.machine, buffer, capacity);
}

int cposix_host_name(char *buffer, size_t capacity) {
    struct utsname names;
    return uname(&names) ? -errno : copy(names.nodename, buffer, capacity);
}

void cposix_keep_heap_small(void) {
    mallopt(M_MMAP_THRESHOLD, 64 * 1024);
    mallopt(M_TRIM_THRESHOLD, 64 * 1024);
}

uint64_t cposix_heap_in_use_bytes(void) {
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}
