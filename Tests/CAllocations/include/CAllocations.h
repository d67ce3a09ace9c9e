// How often this thread asked the C library for memory: to hold a piece of code to none.
#pragma once
#include <stdint.h>

/// Calls of malloc, calloc, realloc and the aligned ones by this thread since it began.
uint64_t callocations_count(void);
