// libcurl for HTTP and HTTPS requests. Its options are set by a variadic function, which Swift can't
// call, and its header needs libc, which the device's Swift importer doesn't see: so a request is
// described by one struct, and results are read through functions.
#pragma once
#include <stddef.h>
#include <stdint.h>

struct ccurl_transfer;
struct ccurl_multi;

struct ccurl_request {
    const char *method;
    const char *url;
    /// "Name: value" lines.
    const char *const *headers;
    size_t header_count;
    const uint8_t *body;
    size_t body_count;
    /// PEM file of the only authority that is trusted; NULL for the system's.
    const char *ca_file;
    const char *user_agent;
    /// Cipher suites of TLS 1.2 and 1.3 in the order of preference, in OpenSSL's words; NULL for its own.
    const char *ciphers_1_2;
    const char *ciphers_1_3;
    /// "NAME:PORT:ADDRESS[,ADDRESS]…": where the URL's name leads; NULL where libcurl is to ask.
    const char *resolved;
    /// 1: never through a proxy.
    int is_direct;
    int64_t connect_timeout_ms;
    int64_t timeout_ms;
    /// Replies longer than this end the transfer with CCURL_TOO_LARGE.
    size_t reply_bytes_max;
};

/// Result codes beside libcurl's own.
#define CCURL_OK 0
#define CCURL_UNREACHABLE 1
#define CCURL_TIMED_OUT 2
#define CCURL_TLS 3
#define CCURL_TOO_LARGE 4
#define CCURL_OTHER 5

/// Once per process, before any other call. 1 on success.
int ccurl_init(void);
/// 1 where AES isn't done by the processor's own instructions: ChaCha20 is several times faster then.
int ccurl_prefers_chacha20(void);
const char *ccurl_version(void);

/// A transfer handle, to be used again and again; NULL without memory.
struct ccurl_transfer *ccurl_transfer_new(void);
void ccurl_transfer_free(struct ccurl_transfer *transfer);
/// Copies what it needs of the request. 1 on success.
int ccurl_transfer_prepare(struct ccurl_transfer *transfer, const struct ccurl_request *request);
/// Runs the prepared request to its end. A CCURL_ code.
int ccurl_transfer_perform(struct ccurl_transfer *transfer);
/// What the finished transfer brought.
long ccurl_transfer_status(const struct ccurl_transfer *transfer);
const uint8_t *ccurl_transfer_body(const struct ccurl_transfer *transfer, size_t *count);
/// The reply's header lines as they came.
const uint8_t *ccurl_transfer_headers(const struct ccurl_transfer *transfer, size_t *count);
/// Text of what went wrong, never NULL.
const char *ccurl_transfer_error(const struct ccurl_transfer *transfer);
/// Connections that this transfer had to open: 0 when one was kept alive.
long ccurl_transfer_new_connections(const struct ccurl_transfer *transfer);

/// Sleeps.
void ccurl_pause_ms(int milliseconds);

struct ccurl_multi *ccurl_multi_new(void);
void ccurl_multi_free(struct ccurl_multi *multi);
int ccurl_multi_start(struct ccurl_multi *multi, struct ccurl_transfer *transfer);
void ccurl_multi_cancel(struct ccurl_multi *multi, struct ccurl_transfer *transfer);
#define CCURL_WATCH_READ 1
#define CCURL_WATCH_WRITE 2
/// POLLPRI: a PSI trigger fired, a kernel attribute changed.
#define CCURL_WATCH_PRIORITY 4

/// A descriptor beside the transfers: what it may become ready for, and what it is.
struct ccurl_watched {
    int descriptor;
    int wanted;
    int ready;
};

/// Drives the transfers, then waits until something happens on them or on one of the descriptors, or
/// the time is over; at most 16 descriptors. Negative on failure.
int ccurl_multi_wait(struct ccurl_multi *multi, struct ccurl_watched *watched, size_t count,
                     int timeout_ms);
/// The next transfer that ended, with its CCURL_ code; NULL when there is none.
struct ccurl_transfer *ccurl_multi_ended(struct ccurl_multi *multi, int *code);
