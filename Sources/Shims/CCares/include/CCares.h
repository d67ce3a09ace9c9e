// c-ares: asks /etc/hosts and DNS for a name's addresses, without blocking and without glibc's resolver,
// which a static program can't use.
#pragma once
#include <stddef.h>
#include <stdint.h>

struct ccares_query;

/// Begins to ask; NULL without memory or where c-ares can't start.
struct ccares_query *ccares_begin(const char *name);
void ccares_end(struct ccares_query *query);

/// 1 once there is an answer, or none is to be had.
int ccares_is_done(const struct ccares_query *query);
/// The descriptors to poll, each for reading and, where its bit in `writable` is set, for writing. How
/// many there are.
size_t ccares_descriptors(const struct ccares_query *query, int *descriptors, size_t count_max,
                          uint32_t *writable);
/// When `ccares_proceed` is wanted at the latest.
int ccares_timeout_ms(const struct ccares_query *query, int ms_max);
/// Takes what has come and sends again what is late.
void ccares_proceed(struct ccares_query *query);

/// "192.0.2.1,[2001:db8::1]", in the order to try; empty where there is no answer.
const char *ccares_addresses(const struct ccares_query *query);
/// Why there is none.
const char *ccares_error(const struct ccares_query *query);
