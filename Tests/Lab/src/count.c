// A plugin for QEMU's user emulation (API version 1, QEMU 7.2): what a program executes, in counters
// that can be read while it runs.
//
//   qemu-aarch64 -plugin libcount.so,out=FILE[,at=ADDRESS]... PROGRAM
//   qemu-aarch64 -plugin libcount.so,out=FILE,from=ADDRESSES PROGRAM
//
// FILE is mapped: 64-bit words, first the instructions, then the system calls, then for each `at` how
// often that address was executed (a function of a static program; the link map has the addresses).
// ADDRESSES is a file of where functions begin, one a line: for each, how many blocks between it and
// the next one were executed, also of a loop that was entered long ago. All are hexadecimal.
// Threads add without a lock, so a few counts of several threads may be lost.
//
// Debian ships no header for plugins; what is used of it is declared here, as in QEMU's
// include/qemu/qemu-plugin.h.
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define ADDRESSES_MAX 65536

typedef uint64_t qemu_plugin_id_t;
typedef struct qemu_info_t qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };
typedef void (*translated)(qemu_plugin_id_t, struct qemu_plugin_tb *);
typedef void (*called)(qemu_plugin_id_t, unsigned, int64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                       uint64_t, uint64_t, uint64_t, uint64_t);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, translated);
void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t, called);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, enum qemu_plugin_op, void *, uint64_t);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *, enum qemu_plugin_op, void *, uint64_t);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *);

EXPORT int qemu_plugin_version = 1;

/// Ascending, with the place of each one's counter.
static struct place {
    uint64_t address;
    size_t counter;
} places[ADDRESSES_MAX];
static size_t place_count;
static int is_by_function;
static uint64_t *counters;

enum { INSTRUCTIONS, SYSTEM_CALLS, FIRST_ADDRESS };

static int compare(const void *one, const void *other) {
    uint64_t a = ((const struct place *)one)->address, b = ((const struct place *)other)->address;
    return a < b ? -1 : a > b;
}

/// The last place that doesn't lie behind the address.
static struct place *last_upto(uint64_t address) {
    size_t low = 0, high = place_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (places[middle].address <= address) low = middle + 1;
        else high = middle;
    }
    return low ? &places[low - 1] : NULL;
}

static void add(uint64_t address) {
    if (place_count == ADDRESSES_MAX) return;
    places[place_count] = (struct place){address, FIRST_ADDRESS + place_count};
    place_count++;
}

static int add_all(const char *path) {
    FILE *file = fopen(path, "re");
    if (!file) return 0;
    uint64_t address;
    while (fscanf(file, "%" SCNx64, &address) == 1) add(address);
    int is_whole = feof(file);
    fclose(file);
    return is_whole;
}

static void on_translated(qemu_plugin_id_t id, struct qemu_plugin_tb *block) {
    size_t count = qemu_plugin_tb_n_insns(block);
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_inline(block, QEMU_PLUGIN_INLINE_ADD_U64, &counters[INSTRUCTIONS], count);
    if (is_by_function) {
        struct qemu_plugin_insn *start = qemu_plugin_tb_get_insn(block, 0);
        struct place *function = last_upto(qemu_plugin_insn_vaddr(start));
        if (function)
            qemu_plugin_register_vcpu_tb_exec_inline(
                block, QEMU_PLUGIN_INLINE_ADD_U64, &counters[function->counter], 1);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, i);
        uint64_t address = qemu_plugin_insn_vaddr(instruction);
        struct place *place = last_upto(address);
        if (place && place->address == address)
            qemu_plugin_register_vcpu_insn_exec_inline(
                instruction, QEMU_PLUGIN_INLINE_ADD_U64, &counters[place->counter], 1);
    }
}

static void on_called(qemu_plugin_id_t id, unsigned cpu, int64_t number, uint64_t a, uint64_t b, uint64_t c,
                      uint64_t d, uint64_t e, uint64_t f, uint64_t g, uint64_t h) {
    (void)id, (void)cpu, (void)number, (void)a, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h;
    counters[SYSTEM_CALLS]++;
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int count, char **options) {
    const char *path = NULL;
    (void)info;
    for (int i = 0; i < count; i++) {
        if (strncmp(options[i], "out=", 4) == 0) path = options[i] + 4;
        if (strncmp(options[i], "at=", 3) == 0) add(strtoull(options[i] + 3, NULL, 16));
        if (strncmp(options[i], "from=", 5) == 0) {
            is_by_function = 1;
            if (add_all(options[i] + 5)) continue;
            fprintf(stderr, "count: %s can't be read as addresses\n", options[i]);
            return -1;
        }
    }
    qsort(places, place_count, sizeof *places, compare);
    int file = path ? open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : -1;
    size_t bytes = (FIRST_ADDRESS + place_count) * sizeof *counters;
    if (file < 0 || ftruncate(file, (off_t)bytes) != 0) {
        fprintf(stderr, "count: no file to count in: give out=FILE\n");
        return -1;
    }
    void *mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (mapped == MAP_FAILED) return -1;
    counters = mapped;
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translated);
    qemu_plugin_register_vcpu_syscall_cb(id, on_called);
    return 0;
}
