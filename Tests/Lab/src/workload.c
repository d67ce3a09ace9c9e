// A workload that leaks and works: what the trial in the lab runs, governed and not.
//
//   workload PROGRESS [leak=MIB_PER_S] [keep=MIB] [threads=1|2] [socket=FILE]
//
// A unit of work computes a block of numbers, keeps it, and verifies another one that is kept, picked at
// random, against what it must be: only then does it count. Beside that a careless part of the program caches
// what it sees and never lets go: the leak. It is a thread of its own, so what slows the leak need not slow
// the work; with `threads=1` it is the thread that works, and what slows the one slows the other.
//
// With `socket=` the program heeds the agent: it says what its period is worth and how uncertain it is,
// keeps its blocks at the bit depth it is told, and drops its caches where they would pass the
// ceiling it is told. When nobody answers there it goes on as without.
//
// PROGRESS is a file of four 64-bit words, mapped, in memory: units done, when the last one was (ns,
// CLOCK_BOOTTIME), units before the first stall of more than 5 s (or 2^64 − 1), longest gap (ns).
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define BLOCK_VALUES 4096
#define STALL_NS 5000000000LL
#define CHUNK_BYTES (256 << 10)
#define CHUNKS_MAX 65536
#define ASK_NS 1000000000LL
// What code, blocks and the kernel's own take beside the caches.
#define BESIDE_BYTES (24LL << 20)

struct progress {
    _Atomic uint64_t units;
    _Atomic int64_t last_ns;
    _Atomic uint64_t units_before_stall;
    _Atomic int64_t longest_ns;
};

struct block {
    uint64_t number;
    int bits;
    void *values;
};

static struct progress *progress;
static _Atomic int64_t leak_bytes_max = INT64_MAX;
static int bits_wanted = 64;

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static uint64_t mixed(uint64_t x) {
    x += 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

// The value `index` of a block, within 0…1: a walk, so it costs something to compute.
static double value_of(uint64_t number, int index) {
    double x = (double)(mixed(number * BLOCK_VALUES + (uint64_t)index) >> 11) * 0x1p-53;
    for (int i = 0; i < 12; i++) x = 3.99 * x * (1 - x);
    return x;
}

static void store(struct block *block, int index, double value) {
    switch (block->bits) {
    case 8: ((uint8_t *)block->values)[index] = (uint8_t)(value * 255 + 0.5); break;
    case 16: ((uint16_t *)block->values)[index] = (uint16_t)(value * 65535 + 0.5); break;
    default: ((double *)block->values)[index] = value;
    }
}

static int holds(const struct block *block, int index) {
    double wanted = value_of(block->number, index), found, bound;
    switch (block->bits) {
    case 8: found = ((uint8_t *)block->values)[index] / 255.0, bound = 0.5001 / 255; break;
    case 16: found = ((uint16_t *)block->values)[index] / 65535.0, bound = 0.5001 / 65535; break;
    default: found = ((double *)block->values)[index], bound = 0;
    }
    double error = found > wanted ? found - wanted : wanted - found;
    return error <= bound;
}

// The careless cache: touches so much a second and keeps it, up to what heeding allows.
static double leak_mib_per_s = 10;

static void leak_what_is_due(void) {
    static void *chunks[CHUNKS_MAX];
    static int64_t held, began, dropped;
    static size_t first, last;
    static uint64_t seed = 1;
    if (!began) began = now_ns();
    int64_t due = (int64_t)((double)(now_ns() - began) / 1e9 * leak_mib_per_s * (1 << 20)) - dropped - held;
    for (; due >= CHUNK_BYTES; due -= CHUNK_BYTES) {
        while (held > 0 && held + CHUNK_BYTES > leak_bytes_max) {
            munmap(chunks[first++ % CHUNKS_MAX], CHUNK_BYTES);
            held -= CHUNK_BYTES;
            dropped += CHUNK_BYTES;
        }
        if (last - first >= CHUNKS_MAX) break;
        uint64_t *chunk = mmap(NULL, CHUNK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (chunk == MAP_FAILED) break;
        // Half of it noise, half zeros, word by word: lzo-rle leaves about three quarters.
        for (size_t i = 0; i < CHUNK_BYTES / sizeof *chunk; i += 2) chunk[i] = seed = mixed(seed);
        chunks[last++ % CHUNKS_MAX] = chunk;
        held += CHUNK_BYTES;
    }
}

static void *leak(void *argument) {
    for (;;) {
        leak_what_is_due();
        usleep(50000);
    }
    return argument;
}

static int64_t number_in(const char *json, const char *name) {
    const char *found = strstr(json, name);
    return found ? strtoll(found + strlen(name), NULL, 10) : -1;
}

// One command, one line of JSON. A socket that fails is opened anew at the next call.
static int ask(const char *path, const char *command, char *line, size_t size) {
    static int link = -1;
    if (link < 0) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        struct timeval patience = {1, 0};
        snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
        link = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        setsockopt(link, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        if (connect(link, (struct sockaddr *)&address, sizeof address) != 0) goto failed;
    }
    if (send(link, command, strlen(command), MSG_NOSIGNAL) < 0) goto failed;
    for (size_t count = 0; count + 1 < size;) {
        ssize_t got = recv(link, line + count, size - count - 1, 0);
        if (got <= 0) goto failed;
        count += (size_t)got;
        line[count] = 0;
        if (memchr(line, '\n', count)) return 1;
    }
failed:
    close(link);
    link = -1;
    return 0;
}

static void heed(const char *path) {
    static char line[16384];
    if (!ask(path, "signal entropy=0.3 value=0.7\n", line, sizeof line)) return;
    int64_t ceiling = number_in(line, "\"memoryCeilingBytes\":"), bits = number_in(line, "\"bitDepth\":");
    if (ceiling > 0) leak_bytes_max = ceiling > 2 * BESIDE_BYTES ? ceiling - BESIDE_BYTES : BESIDE_BYTES;
    if (bits > 0) bits_wanted = bits <= 8 ? 8 : bits <= 16 ? 16 : 64;
}

int main(int count, char **arguments) {
    double keep_mib = 24;
    int threads = 2;
    const char *socket_path = NULL;
    for (int i = 2; i < count; i++) {
        if (sscanf(arguments[i], "leak=%lf", &leak_mib_per_s) == 1) continue;
        if (sscanf(arguments[i], "keep=%lf", &keep_mib) == 1) continue;
        if (sscanf(arguments[i], "threads=%d", &threads) == 1) continue;
        if (strncmp(arguments[i], "socket=", 7) == 0) socket_path = arguments[i] + 7;
    }
    int file = count > 1 ? open(arguments[1], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : -1;
    if (file < 0 || ftruncate(file, sizeof *progress) != 0) {
        fprintf(stderr, "usage: workload PROGRESS [leak=MIB_PER_S] [keep=MIB] [threads=1|2] [socket=FILE]\n");
        return 2;
    }
    progress = mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    size_t blocks_max = (size_t)(keep_mib * (1 << 20) / (BLOCK_VALUES * sizeof(double)));
    struct block *blocks = calloc(blocks_max ? blocks_max : 1, sizeof *blocks);
    if (progress == MAP_FAILED || !blocks || !blocks_max) return 1;
    progress->units_before_stall = UINT64_MAX;
    progress->last_ns = now_ns();
    pthread_t leaking;
    if (threads > 1 && pthread_create(&leaking, NULL, leak, NULL) != 0) return 1;

    int64_t asked_ns = 0;
    for (uint64_t number = 1;; number++) {
        if (socket_path && now_ns() - asked_ns >= ASK_NS) {
            asked_ns = now_ns();
            heed(socket_path);
        }
        if (threads == 1) leak_what_is_due();
        struct block *block = &blocks[number % blocks_max];
        if (block->bits != bits_wanted || !block->values) {
            void *grown = realloc(block->values, (size_t)BLOCK_VALUES * (size_t)bits_wanted / 8);
            if (!grown) return 1;
            block->values = grown;
            block->bits = bits_wanted;
        }
        block->number = number;
        for (int i = 0; i < BLOCK_VALUES; i++) store(block, i, value_of(number, i));
        const struct block *other = &blocks[mixed(number) % blocks_max];
        if (!other->values) other = block;
        for (int i = 0; i < BLOCK_VALUES; i += 16)
            if (!holds(other, i)) {
                fprintf(stderr, "workload: block %llu is not what it was\n", (unsigned long long)other->number);
                return 3;
            }
        int64_t at = now_ns(), gap = at - progress->last_ns;
        if (gap > progress->longest_ns) progress->longest_ns = gap;
        if (gap > STALL_NS && progress->units_before_stall == UINT64_MAX)
            progress->units_before_stall = progress->units;
        progress->units++;
        progress->last_ns = at;
    }
}
