#define _GNU_SOURCE
#include "CPosix.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

// The program's own segments, as the kernel hands them over: no dynamic loader is asked, as a static program
// has none. Dropping a page that was written loses what was written, so only what can't be: the segments
// without leave to write, and of those that were made read-only after the start the pages that are still the
// file's.
// https://man7.org/linux/man-pages/man3/getauxval.3.html

#define PAGES_AT_ONCE 64
/// Below the caller's frame: the calls that give the rest back need some of it themselves.
#define STACK_KEPT (8 * 1024)
/// Deeper than any call of ours goes, and less than the kernel keeps free below a stack (1 MiB).
#define STACK_DEPTH (512 * 1024)

/// Drops the pages from `first` up to `end` of which the process has no copy of its own.
/// https://docs.kernel.org/admin-guide/mm/pagemap.html
static int release_unwritten(uintptr_t first, uintptr_t end, uintptr_t page) {
    const uint64_t present = 1ull << 63, swapped = 1ull << 62, is_files = 1ull << 61;
    uint64_t pages[PAGES_AT_ONCE];
    int result = 0;
    int map = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    if (map < 0) return -errno;
    while (first < end) {
        size_t wanted = (end - first) / page < PAGES_AT_ONCE ? (end - first) / page : PAGES_AT_ONCE;
        ssize_t got = pread(map, pages, wanted * sizeof *pages, (off_t)(first / page * sizeof *pages));
        if (got != (ssize_t)(wanted * sizeof *pages)) {
            result = got < 0 ? -errno : -EIO;
            break;
        }
        for (size_t i = 0, length; i < wanted; i += length) {
            int is_unwritten = (pages[i] & (present | swapped | is_files)) == (present | is_files);
            for (length = 1; i + length < wanted; length++) {
                uint64_t next = pages[i + length] & (present | swapped | is_files);
                if ((next == (present | is_files)) != is_unwritten) break;
            }
            if (is_unwritten && madvise((void *)(first + i * page), length * page, MADV_DONTNEED))
                result = -errno;
        }
        first += wanted * page;
    }
    close(map);
    return result;
}

int cposix_release_program(void) {
    const ElfW(Phdr) *headers = (const ElfW(Phdr) *)getauxval(AT_PHDR);
    size_t count = getauxval(AT_PHNUM);
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), bias = 0;
    if (!headers || getauxval(AT_PHENT) != sizeof *headers) return -ENOSYS;
    for (size_t i = 0; i < count; i++)
        if (headers[i].p_type == PT_PHDR) bias = (uintptr_t)headers - headers[i].p_vaddr;
    int result = 0;
    for (size_t i = 0; i < count; i++) {
        int is_sealed = headers[i].p_type == PT_GNU_RELRO;
        if (!is_sealed && (headers[i].p_type != PT_LOAD || headers[i].p_flags & PF_W)) continue;
        // Whole pages of the segment alone: its neighbour may begin in its last one.
        uintptr_t first = (bias + headers[i].p_vaddr + page - 1) / page * page;
        uintptr_t end = (bias + headers[i].p_vaddr + headers[i].p_filesz) / page * page;
        if (end <= first) continue;
        int failed = is_sealed ? release_unwritten(first, end, page)
                               : madvise((void *)first, end - first, MADV_DONTNEED) ? -errno : 0;
        if (failed) result = failed;
    }
    return result;
}

int cposix_release_unused(void) {
    malloc_trim(0);
    if (getpid() != syscall(SYS_gettid)) return 0;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t end = ((uintptr_t)__builtin_frame_address(0) - STACK_KEPT) / page * page;
    // A part that the stack never grew to is no mapping: ENOMEM, and the rest is done all the same.
    // https://man7.org/linux/man-pages/man2/madvise.2.html
    return madvise((void *)(end - STACK_DEPTH), STACK_DEPTH, MADV_DONTNEED) && errno != ENOMEM ? -errno : 0;
}
