// libcrypto, one call per function. Headers stay freestanding: the device's Swift importer sees no libc.
#pragma once
#include <stddef.h>
#include <stdint.h>

#define CCRYPTO_SHA256_SIZE 32
#define CCRYPTO_ED25519_KEY_SIZE 32
#define CCRYPTO_ED25519_SIGNATURE_SIZE 64

struct ccrypto_part {
    const uint8_t *bytes;
    size_t count;
};

/// SHA-256 over the parts in order. 1 on success.
int ccrypto_sha256(const struct ccrypto_part *parts, size_t part_count, uint8_t digest[32]);

/// HMAC-SHA256 over the parts in order. 1 on success.
int ccrypto_hmac_sha256(const uint8_t *key, size_t key_count, const struct ccrypto_part *parts,
                        size_t part_count, uint8_t mac[32]);

/// HKDF-SHA256 (RFC 5869). 1 on success.
int ccrypto_hkdf_sha256(const uint8_t *key, size_t key_count, const uint8_t *salt, size_t salt_count,
                        const uint8_t *info, size_t info_count, uint8_t *out, size_t out_count);

/// Bytes from the operating system's generator. 1 on success.
int ccrypto_random(uint8_t *out, size_t count);

/// Ed25519 (RFC 8032). A private key is its 32-byte seed. 1 on success; verify: 1 valid, 0 not.
int ccrypto_ed25519_public(const uint8_t seed[32], uint8_t public_key[32]);
int ccrypto_ed25519_sign(const uint8_t seed[32], const uint8_t *message, size_t count,
                         uint8_t signature[64]);
int ccrypto_ed25519_verify(const uint8_t public_key[32], const uint8_t *message, size_t count,
                           const uint8_t signature[64]);

/// Constant-time comparison: 1 when equal.
int ccrypto_equal(const uint8_t *a, const uint8_t *b, size_t count);

/// libcrypto's version text.
const char *ccrypto_version(void);

/// 1 where the text is an IPv4 or IPv6 address.
int ccrypto_is_address(const char *text);

/// X.509 v3 with EC P-256 keys, as NUL-terminated PEM into buffers of `capacity` bytes. 1 on success.
/// An authority that signs itself, for end certificates only (path length 0).
int ccrypto_x509_authority(const char *common_name, int days, char *key_pem, char *certificate_pem,
                           size_t capacity);

/// A TLS server's certificate by that authority. `hosts`: names and addresses, separated by commas.
int ccrypto_x509_server(const char *authority_key_pem, const char *authority_pem,
                        const char *common_name, const char *hosts, int days, char *key_pem,
                        char *certificate_pem, size_t capacity);
