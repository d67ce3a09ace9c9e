#include "CCurl.h"

#include <curl/curl.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// A reply's headers beyond this are dropped: ours are a handful of short lines.
#define HEADER_BYTES_MAX 8192
// libcurl's default buffers (16 KiB down, 64 KiB up) are made for files; reports are small.
#define BUFFER_BYTES 4096
#define UPLOAD_BUFFER_BYTES 16384
#define SOCKETS_WAITED_MAX 16

struct buffer {
    uint8_t *bytes;
    size_t count, capacity, limit;
};

struct ccurl_transfer {
    CURL *easy;
    struct curl_slist *headers, *resolved;
    struct buffer body, head;
    uint8_t *upload;
    int too_large;
    CURLcode result;
    char error[CURL_ERROR_SIZE];
};

struct ccurl_multi {
    CURLM *multi;
    /// What the transfers share: TLS sessions. One thread, so no locks.
    CURLSH *share;
    /// Transfers under way when last driven.
    int running;
    /// Transfers that libcurl has, ended ones that weren't told yet included.
    int handles;
};

static int append(struct buffer *buffer, const void *bytes, size_t count) {
    if (count > buffer->limit - buffer->count) return 0;
    if (buffer->count + count > buffer->capacity) {
        size_t capacity = buffer->capacity ? buffer->capacity : 512;
        while (capacity < buffer->count + count) capacity *= 2;
        uint8_t *grown = realloc(buffer->bytes, capacity);
        if (!grown) return 0;
        buffer->bytes = grown;
        buffer->capacity = capacity;
    }
    memcpy(buffer->bytes + buffer->count, bytes, count);
    buffer->count += count;
    return 1;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *context) {
    struct ccurl_transfer *transfer = context;
    if (append(&transfer->body, bytes, size * n)) return size * n;
    transfer->too_large = 1;
    return 0;
}

static size_t on_header(char *bytes, size_t size, size_t n, void *context) {
    struct ccurl_transfer *transfer = context;
    // A new status line (after a 100) begins the headers anew.
    if (size * n > 5 && memcmp(bytes, "HTTP/", 5) == 0) transfer->head.count = 0;
    append(&transfer->head, bytes, size * n);
    return size * n;
}

int ccurl_init(void) {
    // Whoever is first decides what OpenSSL loads: no configuration file, no table of ciphers by name, no
    // texts of inner errors (60 KB of heap). libssl's own texts, a tenth of them, say why a handshake failed.
    const uint64_t less = OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ADD_ALL_CIPHERS |
                          OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS;
    if (OPENSSL_init_crypto(less, NULL) != 1) return 0;
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

int ccurl_prefers_chacha20(void) {
    // What OpenSSL will use, its environment variables included: bit 57 of the first word is AES-NI, bit 2
    // on Arm the AES instructions.
    const char *settings = OPENSSL_info(OPENSSL_INFO_CPU_SETTINGS);
    const char *found;
    if (!settings) return 0;
    if ((found = strstr(settings, "OPENSSL_ia32cap=")))
        return !(strtoull(found + strlen("OPENSSL_ia32cap="), NULL, 16) >> 57 & 1);
    if ((found = strstr(settings, "OPENSSL_armcap=")))
        return !(strtoull(found + strlen("OPENSSL_armcap="), NULL, 16) >> 2 & 1);
    return 0;
}

const char *ccurl_version(void) { return curl_version(); }

struct ccurl_transfer *ccurl_transfer_new(void) {
    struct ccurl_transfer *transfer = calloc(1, sizeof *transfer);
    if (!transfer) return NULL;
    transfer->easy = curl_easy_init();
    if (!transfer->easy) {
        free(transfer);
        return NULL;
    }
    return transfer;
}

void ccurl_transfer_free(struct ccurl_transfer *transfer) {
    if (!transfer) return;
    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    curl_slist_free_all(transfer->resolved);
    free(transfer->body.bytes);
    free(transfer->head.bytes);
    free(transfer->upload);
    free(transfer);
}

int ccurl_transfer_prepare(struct ccurl_transfer *transfer, const struct ccurl_request *request) {
    CURL *easy = transfer->easy;
    curl_easy_reset(easy);
    curl_slist_free_all(transfer->headers);
    curl_slist_free_all(transfer->resolved);
    transfer->headers = transfer->resolved = NULL;
    free(transfer->upload);
    transfer->upload = NULL;
    transfer->body.count = transfer->head.count = 0;
    transfer->body.limit = request->reply_bytes_max;
    transfer->head.limit = HEADER_BYTES_MAX;
    transfer->too_large = 0;
    transfer->error[0] = 0;

    for (size_t i = 0; i < request->header_count; i++) {
        struct curl_slist *grown = curl_slist_append(transfer->headers, request->headers[i]);
        if (!grown) return 0;
        transfer->headers = grown;
    }
    struct curl_slist *grown = curl_slist_append(transfer->headers, "Expect:");
    if (!grown) return 0;
    transfer->headers = grown;

    int ok = 1;
#define SET(option, value) ok = ok && curl_easy_setopt(easy, option, value) == CURLE_OK
    SET(CURLOPT_URL, request->url);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_HTTPHEADER, transfer->headers);
    SET(CURLOPT_ERRORBUFFER, transfer->error);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, transfer);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, transfer);
    SET(CURLOPT_PRIVATE, transfer);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_TCP_NODELAY, 1L);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_BUFFERSIZE, (long)BUFFER_BYTES);
    SET(CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BUFFER_BYTES);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)request->connect_timeout_ms);
    SET(CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (request->ciphers_1_2) SET(CURLOPT_SSL_CIPHER_LIST, request->ciphers_1_2);
    if (request->ciphers_1_3) SET(CURLOPT_TLS13_CIPHERS, request->ciphers_1_3);
    if (request->resolved) {
        transfer->resolved = curl_slist_append(NULL, request->resolved);
        if (!transfer->resolved) return 0;
        SET(CURLOPT_RESOLVE, transfer->resolved);
    }
    // An empty name: no proxy, whatever the environment says. The device's libcurl knows none to begin with.
    if (request->is_direct) {
        CURLcode told = curl_easy_setopt(easy, CURLOPT_PROXY, "");
        ok = ok && (told == CURLE_OK || told == CURLE_UNKNOWN_OPTION || told == CURLE_NOT_BUILT_IN);
    }
    if (request->user_agent) SET(CURLOPT_USERAGENT, request->user_agent);
    if (request->ca_file) {
        SET(CURLOPT_CAINFO, request->ca_file);
        SET(CURLOPT_CAPATH, NULL);
    }
    if (request->body_count > 0 || strcmp(request->method, "POST") == 0) {
        transfer->upload = malloc(request->body_count ? request->body_count : 1);
        if (!transfer->upload) return 0;
        memcpy(transfer->upload, request->body, request->body_count);
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDS, transfer->upload);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_count);
    }
    SET(CURLOPT_CUSTOMREQUEST, request->method);
#undef SET
    return ok;
}

static int code_of(struct ccurl_transfer *transfer, CURLcode result) {
    transfer->result = result;
    switch (result) {
    case CURLE_OK: return CCURL_OK;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR: return CCURL_UNREACHABLE;
    case CURLE_OPERATION_TIMEDOUT: return CCURL_TIMED_OUT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR: return CCURL_TLS;
    case CURLE_WRITE_ERROR: return transfer->too_large ? CCURL_TOO_LARGE : CCURL_OTHER;
    default: return CCURL_OTHER;
    }
}

int ccurl_transfer_perform(struct ccurl_transfer *transfer) {
    return code_of(transfer, curl_easy_perform(transfer->easy));
}

long ccurl_transfer_status(const struct ccurl_transfer *transfer) {
    long status = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

const uint8_t *ccurl_transfer_body(const struct ccurl_transfer *transfer, size_t *count) {
    *count = transfer->body.count;
    return transfer->body.bytes;
}

const uint8_t *ccurl_transfer_headers(const struct ccurl_transfer *transfer, size_t *count) {
    *count = transfer->head.count;
    return transfer->head.bytes;
}

const char *ccurl_transfer_error(const struct ccurl_transfer *transfer) {
    return transfer->error[0] ? transfer->error : curl_easy_strerror(transfer->result);
}

long ccurl_transfer_new_connections(const struct ccurl_transfer *transfer) {
    long connections = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_NUM_CONNECTS, &connections);
    return connections;
}

void ccurl_pause_ms(int milliseconds) {
    const struct timespec duration = {milliseconds / 1000, (milliseconds % 1000) * 1000000L};
    nanosleep(&duration, NULL);
}

struct ccurl_multi *ccurl_multi_new(void) {
    struct ccurl_multi *multi = calloc(1, sizeof *multi);
    if (!multi) return NULL;
    multi->multi = curl_multi_init();
    if (!multi->multi) {
        free(multi);
        return NULL;
    }
    // One connection for reports, one for the held request.
    curl_multi_setopt(multi->multi, CURLMOPT_MAXCONNECTS, 2L);
    multi->share = curl_share_init();
    if (multi->share) curl_share_setopt(multi->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    return multi;
}

void ccurl_multi_free(struct ccurl_multi *multi) {
    if (!multi) return;
    curl_multi_cleanup(multi->multi);
    // Refuses, and stays, while a transfer that used it lives: those are freed by whoever made them.
    curl_share_cleanup(multi->share);
    free(multi);
}

int ccurl_multi_start(struct ccurl_multi *multi, struct ccurl_transfer *transfer) {
    if (multi->share) curl_easy_setopt(transfer->easy, CURLOPT_SHARE, multi->share);
    if (curl_multi_add_handle(multi->multi, transfer->easy) != CURLM_OK) return 0;
    multi->running++;
    multi->handles++;
    return 1;
}

void ccurl_multi_cancel(struct ccurl_multi *multi, struct ccurl_transfer *transfer) {
    if (curl_multi_remove_handle(multi->multi, transfer->easy) != CURLM_OK) return;
    if (multi->running > 0) multi->running--;
    if (multi->handles > 0) multi->handles--;
}

/// Waits for the descriptors alone: libcurl has nothing to do.
static int wait_alone(struct ccurl_watched *watched, size_t count, int timeout_ms) {
    struct pollfd sockets[SOCKETS_WAITED_MAX];
    for (size_t i = 0; i < count; i++) {
        int wanted = watched[i].wanted;
        short events = (wanted & CCURL_WATCH_READ ? POLLIN : 0) | (wanted & CCURL_WATCH_WRITE ? POLLOUT : 0) |
                       (wanted & CCURL_WATCH_PRIORITY ? POLLPRI : 0);
        sockets[i] = (struct pollfd){watched[i].descriptor, events, 0};
        watched[i].ready = 0;
    }
    int result = poll(sockets, count, timeout_ms);
    if (result < 0) return errno == EINTR ? 0 : -1;
    for (size_t i = 0; i < count && result > 0; i++) {
        short seen = sockets[i].revents;
        // Whoever watches a descriptor finds out what is wrong with it by using it.
        if (seen & (POLLERR | POLLHUP | POLLNVAL)) seen |= sockets[i].events;
        watched[i].ready = (seen & POLLIN ? CCURL_WATCH_READ : 0) | (seen & POLLOUT ? CCURL_WATCH_WRITE : 0) |
                           (seen & POLLPRI ? CCURL_WATCH_PRIORITY : 0);
    }
    return 0;
}

int ccurl_multi_wait(struct ccurl_multi *multi, struct ccurl_watched *watched, size_t count,
                     int timeout_ms) {
    struct curl_waitfd sockets[SOCKETS_WAITED_MAX];
    if (count > SOCKETS_WAITED_MAX) return -1;
    if (multi->handles == 0) return wait_alone(watched, count, timeout_ms);
    for (size_t i = 0; i < count; i++) {
        int wanted = watched[i].wanted;
        short events = (wanted & CCURL_WATCH_READ ? CURL_WAIT_POLLIN : 0) |
                       (wanted & CCURL_WATCH_WRITE ? CURL_WAIT_POLLOUT : 0) |
                       (wanted & CCURL_WATCH_PRIORITY ? CURL_WAIT_POLLPRI : 0);
        sockets[i] = (struct curl_waitfd){watched[i].descriptor, events, 0};
        watched[i].ready = 0;
    }
    int running = 0;
    if (curl_multi_perform(multi->multi, &running) != CURLM_OK) return -1;
    // A transfer that ended just now is told at once: libcurl reports a socket only once.
    if (running < multi->running) timeout_ms = 0;
    if (curl_multi_poll(multi->multi, sockets, (unsigned)count, timeout_ms, NULL) != CURLM_OK)
        return -1;
    for (size_t i = 0; i < count; i++) {
        short seen = sockets[i].revents;
        watched[i].ready = (seen & CURL_WAIT_POLLIN ? CCURL_WATCH_READ : 0) |
                           (seen & CURL_WAIT_POLLOUT ? CCURL_WATCH_WRITE : 0) |
                           (seen & CURL_WAIT_POLLPRI ? CCURL_WATCH_PRIORITY : 0);
    }
    if (curl_multi_perform(multi->multi, &running) != CURLM_OK) return -1;
    multi->running = running;
    return 0;
}

struct ccurl_transfer *ccurl_multi_ended(struct ccurl_multi *multi, int *code) {
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi->multi, &left))) {
        if (message->msg != CURLMSG_DONE) continue;
        CURL *easy = message->easy_handle;
        CURLcode result = message->data.result;
        struct ccurl_transfer *transfer = NULL;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&transfer);
        *code = code_of(transfer, result);
        curl_multi_remove_handle(multi->multi, easy);
        multi->handles--;
        return transfer;
    }
    return NULL;
}
