#include "CCares.h"

#include <ares.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

// The first attempt's; c-ares doubles it for the second. Its own 5 s and four attempts would outlast a report.
#define ATTEMPT_MS 2000
#define ATTEMPTS 2
// Eight IPv6 addresses with brackets and commas: what a name usually has, and more than are ever tried.
#define ADDRESSES_BYTES 384

struct ccares_query {
    ares_channel channel;
    int is_done;
    int status;
    char addresses[ADDRESSES_BYTES];
};

static void add(struct ccares_query *query, const struct sockaddr *address) {
    char text[INET6_ADDRSTRLEN], item[INET6_ADDRSTRLEN + 4];
    const char *comma = query->addresses[0] ? "," : "";
    if (address->sa_family == AF_INET) {
        inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, text, sizeof text);
        snprintf(item, sizeof item, "%s%s", comma, text);
    } else if (address->sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, text, sizeof text);
        snprintf(item, sizeof item, "%s[%s]", comma, text);
    } else {
        return;
    }
    if (strlen(query->addresses) + strlen(item) < sizeof query->addresses) strcat(query->addresses, item);
}

static void on_answer(void *context, int status, int timeouts, struct ares_addrinfo *answer) {
    struct ccares_query *query = context;
    (void)timeouts;
    query->status = status;
    query->is_done = 1;
    if (status == ARES_SUCCESS)
        for (struct ares_addrinfo_node *node = answer->nodes; node; node = node->ai_next)
            add(query, node->ai_addr);
    if (answer) ares_freeaddrinfo(answer);
}

struct ccares_query *ccares_begin(const char *name) {
    struct ares_options options = {.timeout = ATTEMPT_MS, .tries = ATTEMPTS};
    struct ccares_query *query = calloc(1, sizeof *query);
    if (!query) return NULL;
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS ||
        ares_init_options(&query->channel, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES) != ARES_SUCCESS) {
        free(query);
        return NULL;
    }
    const struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    ares_getaddrinfo(query->channel, name, NULL, &hints, on_answer, query);
    return query;
}

void ccares_end(struct ccares_query *query) {
    if (!query) return;
    ares_destroy(query->channel);
    free(query);
}

int ccares_is_done(const struct ccares_query *query) { return query->is_done; }

size_t ccares_descriptors(const struct ccares_query *query, int *descriptors, size_t count_max,
                          uint32_t *writable) {
    ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
    int mask = ares_getsock(query->channel, sockets, ARES_GETSOCK_MAXNUM);
    size_t count = 0;
    *writable = 0;
    for (int i = 0; i < ARES_GETSOCK_MAXNUM && count < count_max; i++) {
        if (!ARES_GETSOCK_READABLE(mask, i) && !ARES_GETSOCK_WRITABLE(mask, i)) continue;
        if (ARES_GETSOCK_WRITABLE(mask, i)) *writable |= 1u << count;
        descriptors[count++] = sockets[i];
    }
    return count;
}

int ccares_timeout_ms(const struct ccares_query *query, int ms_max) {
    struct timeval most = {ms_max / 1000, (ms_max % 1000) * 1000}, wait;
    const struct timeval *found = ares_timeout(query->channel, &most, &wait);
    return (int)(found->tv_sec * 1000 + (found->tv_usec + 999) / 1000);
}

void ccares_proceed(struct ccares_query *query) {
    ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
    int mask = ares_getsock(query->channel, sockets, ARES_GETSOCK_MAXNUM);
    // The sockets don't block, so one without news costs a system call.
    for (int i = 0; i < ARES_GETSOCK_MAXNUM; i++)
        ares_process_fd(query->channel, ARES_GETSOCK_READABLE(mask, i) ? sockets[i] : ARES_SOCKET_BAD,
                        ARES_GETSOCK_WRITABLE(mask, i) ? sockets[i] : ARES_SOCKET_BAD);
}

const char *ccares_addresses(const struct ccares_query *query) { return query->addresses; }

const char *ccares_error(const struct ccares_query *query) { return ares_strerror(query->status); }
