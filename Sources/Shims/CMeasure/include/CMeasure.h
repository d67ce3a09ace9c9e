// What tests and benches measure with; nothing that is shipped links it.
#pragma once
#include <stddef.h>
#include <stdint.h>

// --- allocation.c ----------------------------------------------------------------------------------

/// Calls of malloc and its kin by this thread since it began. These definitions stand before the C
/// library's in a program that links them, and hand on to it.
uint64_t cmeasure_allocations(void);

// --- loop.c ----------------------------------------------------------------------------------------

/// The least that sensing can cost: opens the files once, then reads each from its first byte, `cycles`
/// times, into one buffer, and does nothing with what it read. Files that can't be opened are left out.
/// Bytes read in all.
uint64_t cmeasure_read_loop(const char *const *paths, size_t count, uint64_t cycles);

/// CPU time of this thread, user and system, ns.
int64_t cmeasure_cpu_ns(void);
