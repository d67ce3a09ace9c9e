#define _GNU_SOURCE
#include "CPosix.h"

#include <errno.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

// The program's own segments, as the kernel hands them over: no dynamic loader is asked, as a static program
// has none. Only what can't be written: dropping a page of those that were loses what was written.
// https://man7.org/linux/man-pages/man3/getauxval.3.html
int cposix_release_program(void) {
    const ElfW(Phdr) *headers = (const ElfW(Phdr) *)getauxval(AT_PHDR);
    size_t count = getauxval(AT_PHNUM);
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), bias = 0;
    if (!headers || getauxval(AT_PHENT) != sizeof *headers) return -ENOSYS;
    for (size_t i = 0; i < count; i++)
        if (headers[i].p_type == PT_PHDR) bias = (uintptr_t)headers - headers[i].p_vaddr;
    int result = 0;
    for (size_t i = 0; i < count; i++) {
        if (headers[i].p_type != PT_LOAD || headers[i].p_flags & PF_W) continue;
        // Whole pages of the segment alone: its neighbour may begin in its last one.
        uintptr_t first = (bias + headers[i].p_vaddr + page - 1) / page * page;
        uintptr_t end = (bias + headers[i].p_vaddr + headers[i].p_filesz) / page * page;
        if (end > first && madvise((void *)first, end - first, MADV_DONTNEED)) result = -errno;
    }
    return result;
}
