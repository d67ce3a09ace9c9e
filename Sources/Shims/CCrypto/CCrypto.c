// Fetched algorithms are kept for the life of the process: a fetch costs more than the hash.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "CCrypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <pthread.h>

static pthread_once_t fetch_once = PTHREAD_ONCE_INIT;
static EVP_MAC *hmac;
static EVP_KDF *hkdf;

static void fetch(void) {
    hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
}

// By the block functions, old but kept by every OpenSSL 3: the EVP layer allocates anew for each digest,
// and for the one or two blocks that a decision cycle hashes it costs more than the hash.
int ccrypto_sha256(const struct ccrypto_part *parts, size_t part_count, uint8_t digest[32]) {
    SHA256_CTX context;
    if (SHA256_Init(&context) != 1) return 0;
    for (size_t i = 0; i < part_count; i++)
        if (SHA256_Update(&context, parts[i].bytes, parts[i].count) != 1) return 0;
    int ok = SHA256_Final(digest, &context) == 1;
    OPENSSL_cleanse(&context, sizeof context);
    return ok;
}

int ccrypto_hmac_sha256(const uint8_t *key, size_t key_count, const struct ccrypto_part *parts,
                        size_t part_count, uint8_t mac[32]) {
    static __thread EVP_MAC_CTX *context;
    pthread_once(&fetch_once, fetch);
    if (!hmac) return 0;
    if (!context && !(context = EVP_MAC_CTX_new(hmac))) return 0;
    char name[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_end(),
    };
    if (EVP_MAC_init(context, key, key_count, parameters) != 1) return 0;
    for (size_t i = 0; i < part_count; i++)
        if (EVP_MAC_update(context, parts[i].bytes, parts[i].count) != 1) return 0;
    size_t size = 0;
    return EVP_MAC_final(context, mac, &size, 32) == 1 && size == 32;
}

int ccrypto_hkdf_sha256(const uint8_t *key, size_t key_count, const uint8_t *salt, size_t salt_count,
                        const uint8_t *info, size_t info_count, uint8_t *out, size_t out_count) {
    pthread_once(&fetch_once, fetch);
    EVP_KDF_CTX *context = hkdf ? EVP_KDF_CTX_new(hkdf) : NULL;
    if (!context) return 0;
    char name[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)key, key_count),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt, salt_count),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info, info_count),
        OSSL_PARAM_construct_end(),
    };
    int ok = EVP_KDF_derive(context, out, out_count, parameters) == 1;
    EVP_KDF_CTX_free(context);
    return ok;
}

int ccrypto_random(uint8_t *out, size_t count) { return RAND_bytes(out, (int)count) == 1; }

int ccrypto_ed25519_public(const uint8_t seed[32], uint8_t public_key[32]) {
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
    size_t size = 32;
    int ok = key && EVP_PKEY_get_raw_public_key(key, public_key, &size) == 1 && size == 32;
    EVP_PKEY_free(key);
    return ok;
}

int ccrypto_ed25519_sign(const uint8_t seed[32], const uint8_t *message, size_t count,
                         uint8_t signature[64]) {
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t size = 64;
    int ok = key && context && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
             EVP_DigestSign(context, signature, &size, message, count) == 1 && size == 64;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return ok;
}

int ccrypto_ed25519_verify(const uint8_t public_key[32], const uint8_t *message, size_t count,
                           const uint8_t signature[64]) {
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, 32);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int ok = key && context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
             EVP_DigestVerify(context, signature, 64, message, count) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return ok;
}

int ccrypto_equal(const uint8_t *a, const uint8_t *b, size_t count) {
    return CRYPTO_memcmp(a, b, count) == 0;
}

const char *ccrypto_version(void) { return OpenSSL_version(OPENSSL_VERSION_STRING); }
