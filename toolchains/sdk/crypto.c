// What the agent takes of OpenSSL. Its default provider names every algorithm there is, so a static
// program contains them all (Camellia, DES, ARIA, encoders of every key format…) and registers them at
// the start: some 0.6 MB of program and 100 KB of heap, for a client that speaks TLS 1.2 and 1.3 with two
// AEAD ciphers, hashes with SHA-2 and signs with Ed25519.
//
// The linker takes an archive's member only for a name that isn't defined yet. So the functions here stand
// in for OpenSSL's own of the same name, and the members that hold those are left out, with all that only
// they refer to. The names are internal to OpenSSL 3.0, which Debian 12 keeps for its life; a member that
// came along after all would be a duplicate symbol, so a change shows at the link.
//
// Stands in for: providers/defltprov.c, providers/common/capabilities.c, crypto/provider_predefined.c,
// crypto/evp/c_allc.c, c_alld.c, crypto/err/err_all.c. absent.c has what is left out without a replacement.

#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/tls1.h>
#include <strings.h>

typedef struct prov_ctx PROV_CTX;
typedef struct bio_method_st BIO_METHOD;

int ossl_prov_bio_from_dispatch(const OSSL_DISPATCH *);
int ossl_prov_seeding_from_dispatch(const OSSL_DISPATCH *);
PROV_CTX *ossl_prov_ctx_new(void);
void ossl_prov_ctx_free(PROV_CTX *);
void ossl_prov_ctx_set0_libctx(PROV_CTX *, OSSL_LIB_CTX *);
void ossl_prov_ctx_set0_handle(PROV_CTX *, const OSSL_CORE_HANDLE *);
void ossl_prov_ctx_set0_core_bio_method(PROV_CTX *, BIO_METHOD *);
BIO_METHOD *ossl_prov_ctx_get0_core_bio_method(PROV_CTX *);
BIO_METHOD *ossl_bio_prov_init_bio_method(void);
void BIO_meth_free(BIO_METHOD *);

#define ALGORITHMS(table) static const OSSL_ALGORITHM table[] =
#define ENTRY(names, functions) {names, "provider=default", functions, NULL}
#define DECODER(name, structure, functions) \
    {name, "provider=default,fips=yes,input=der,structure=" structure, functions, NULL}
#define END {NULL, NULL, NULL, NULL}
#define FUNCTIONS(name) extern const OSSL_DISPATCH name[]

FUNCTIONS(ossl_sha1_functions);
FUNCTIONS(ossl_sha256_functions);
FUNCTIONS(ossl_sha384_functions);
FUNCTIONS(ossl_sha512_functions);
// SHA-1 for the identifiers of certificates; libssl refuses it in signatures.
ALGORITHMS(digests){
    ENTRY("SHA1:SHA-1:SSL3-SHA1:1.3.14.3.2.26", ossl_sha1_functions),
    ENTRY("SHA2-256:SHA-256:SHA256:2.16.840.1.101.3.4.2.1", ossl_sha256_functions),
    ENTRY("SHA2-384:SHA-384:SHA384:2.16.840.1.101.3.4.2.2", ossl_sha384_functions),
    ENTRY("SHA2-512:SHA-512:SHA512:2.16.840.1.101.3.4.2.3", ossl_sha512_functions),
    END,
};

FUNCTIONS(ossl_aes256ecb_functions);
FUNCTIONS(ossl_aes256ctr_functions);
FUNCTIONS(ossl_aes128gcm_functions);
FUNCTIONS(ossl_aes256gcm_functions);
FUNCTIONS(ossl_chacha20_ossl_poly1305_functions);
// The first two are the random generator's.
ALGORITHMS(ciphers){
    ENTRY("AES-256-ECB:2.16.840.1.101.3.4.1.41", ossl_aes256ecb_functions),
    ENTRY("AES-256-CTR", ossl_aes256ctr_functions),
    ENTRY("AES-256-GCM:id-aes256-GCM:2.16.840.1.101.3.4.1.46", ossl_aes256gcm_functions),
    ENTRY("AES-128-GCM:id-aes128-GCM:2.16.840.1.101.3.4.1.6", ossl_aes128gcm_functions),
    ENTRY("ChaCha20-Poly1305", ossl_chacha20_ossl_poly1305_functions),
    END,
};

FUNCTIONS(ossl_hmac_functions);
ALGORITHMS(macs){ENTRY("HMAC", ossl_hmac_functions), END};

FUNCTIONS(ossl_kdf_hkdf_functions);
FUNCTIONS(ossl_kdf_tls1_3_kdf_functions);
FUNCTIONS(ossl_kdf_tls1_prf_functions);
ALGORITHMS(kdfs){
    ENTRY("HKDF", ossl_kdf_hkdf_functions),
    ENTRY("TLS13-KDF", ossl_kdf_tls1_3_kdf_functions),
    ENTRY("TLS1-PRF", ossl_kdf_tls1_prf_functions),
    END,
};

FUNCTIONS(ossl_drbg_ctr_functions);
FUNCTIONS(ossl_seed_src_functions);
ALGORITHMS(rands){
    ENTRY("CTR-DRBG", ossl_drbg_ctr_functions),
    ENTRY("SEED-SRC", ossl_seed_src_functions),
    END,
};

FUNCTIONS(ossl_rsa_keymgmt_functions);
FUNCTIONS(ossl_rsapss_keymgmt_functions);
FUNCTIONS(ossl_ec_keymgmt_functions);
FUNCTIONS(ossl_x25519_keymgmt_functions);
FUNCTIONS(ossl_ed25519_keymgmt_functions);
FUNCTIONS(ossl_mac_legacy_keymgmt_functions);
// HMAC keys: the binder of a resumed TLS 1.3 session.
ALGORITHMS(keys){
    ENTRY("RSA:rsaEncryption:1.2.840.113549.1.1.1", ossl_rsa_keymgmt_functions),
    ENTRY("RSA-PSS:RSASSA-PSS:1.2.840.113549.1.1.10", ossl_rsapss_keymgmt_functions),
    ENTRY("EC:id-ecPublicKey:1.2.840.10045.2.1", ossl_ec_keymgmt_functions),
    ENTRY("X25519:1.3.101.110", ossl_x25519_keymgmt_functions),
    ENTRY("ED25519:1.3.101.112", ossl_ed25519_keymgmt_functions),
    ENTRY("HMAC", ossl_mac_legacy_keymgmt_functions),
    END,
};

FUNCTIONS(ossl_ecdh_keyexch_functions);
FUNCTIONS(ossl_x25519_keyexch_functions);
ALGORITHMS(exchanges){
    ENTRY("ECDH", ossl_ecdh_keyexch_functions),
    ENTRY("X25519:1.3.101.110", ossl_x25519_keyexch_functions),
    END,
};

FUNCTIONS(ossl_rsa_signature_functions);
FUNCTIONS(ossl_ed25519_signature_functions);
FUNCTIONS(ossl_ecdsa_signature_functions);
FUNCTIONS(ossl_mac_legacy_hmac_signature_functions);
ALGORITHMS(signatures){
    ENTRY("RSA:rsaEncryption:1.2.840.113549.1.1.1", ossl_rsa_signature_functions),
    ENTRY("ED25519:1.3.101.112", ossl_ed25519_signature_functions),
    ENTRY("ECDSA", ossl_ecdsa_signature_functions),
    ENTRY("HMAC", ossl_mac_legacy_hmac_signature_functions),
    END,
};

FUNCTIONS(ossl_SubjectPublicKeyInfo_der_to_ec_decoder_functions);
FUNCTIONS(ossl_SubjectPublicKeyInfo_der_to_ed25519_decoder_functions);
FUNCTIONS(ossl_SubjectPublicKeyInfo_der_to_rsa_decoder_functions);
FUNCTIONS(ossl_SubjectPublicKeyInfo_der_to_rsapss_decoder_functions);
FUNCTIONS(ossl_SubjectPublicKeyInfo_der_to_der_decoder_functions);
// The public keys of certificates. The agent reads no key in PEM or PKCS #8.
ALGORITHMS(decoders){
    DECODER("EC", "SubjectPublicKeyInfo", ossl_SubjectPublicKeyInfo_der_to_ec_decoder_functions),
    DECODER("ED25519", "SubjectPublicKeyInfo", ossl_SubjectPublicKeyInfo_der_to_ed25519_decoder_functions),
    DECODER("RSA", "SubjectPublicKeyInfo", ossl_SubjectPublicKeyInfo_der_to_rsa_decoder_functions),
    DECODER("RSA-PSS", "SubjectPublicKeyInfo", ossl_SubjectPublicKeyInfo_der_to_rsapss_decoder_functions),
    DECODER("DER", "SubjectPublicKeyInfo", ossl_SubjectPublicKeyInfo_der_to_der_decoder_functions),
    END,
};

// The groups that a client of TLS offers, of those that the keys above can be of: libssl asks by name.
struct group {
    unsigned identifier, security_bits;
    int tls_min, tls_max, dtls_min, dtls_max;
};
#define GROUP(identifier, bits) {identifier, bits, TLS1_VERSION, 0, -1, -1}
static const struct group p256 = GROUP(23, 128), p384 = GROUP(24, 192), p521 = GROUP(25, 256),
                          x25519 = GROUP(29, 128);

#define TEXT(key, text) OSSL_PARAM_utf8_string(key, (char *)text, sizeof text)
#define NUMBER(key, number) OSSL_PARAM_uint(key, (unsigned *)&number)
#define VERSION(key, version) OSSL_PARAM_int(key, (int *)&version)
#define OFFERED(name, internal, algorithm, group)                             \
    {                                                                         \
        TEXT(OSSL_CAPABILITY_TLS_GROUP_NAME, name),                           \
        TEXT(OSSL_CAPABILITY_TLS_GROUP_NAME_INTERNAL, internal),              \
        TEXT(OSSL_CAPABILITY_TLS_GROUP_ALG, algorithm),                       \
        NUMBER(OSSL_CAPABILITY_TLS_GROUP_ID, group.identifier),               \
        NUMBER(OSSL_CAPABILITY_TLS_GROUP_SECURITY_BITS, group.security_bits), \
        VERSION(OSSL_CAPABILITY_TLS_GROUP_MIN_TLS, group.tls_min),            \
        VERSION(OSSL_CAPABILITY_TLS_GROUP_MAX_TLS, group.tls_max),            \
        VERSION(OSSL_CAPABILITY_TLS_GROUP_MIN_DTLS, group.dtls_min),          \
        VERSION(OSSL_CAPABILITY_TLS_GROUP_MAX_DTLS, group.dtls_max),          \
        OSSL_PARAM_END,                                                       \
    }
static const OSSL_PARAM groups[][10] = {
    OFFERED("secp256r1", "prime256v1", "EC", p256),
    OFFERED("secp384r1", "secp384r1", "EC", p384),
    OFFERED("secp521r1", "secp521r1", "EC", p521),
    OFFERED("x25519", "X25519", "X25519", x25519),
};

static int get_capabilities(void *context, const char *capability, OSSL_CALLBACK *take, void *argument) {
    (void)context;
    if (strcasecmp(capability, "TLS-GROUP") != 0) return 0;
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        if (!take(groups[i], argument)) return 0;
    return 1;
}

static const OSSL_ALGORITHM *query(void *context, int operation, int *no_cache) {
    (void)context;
    *no_cache = 0;
    switch (operation) {
    case OSSL_OP_DIGEST: return digests;
    case OSSL_OP_CIPHER: return ciphers;
    case OSSL_OP_MAC: return macs;
    case OSSL_OP_KDF: return kdfs;
    case OSSL_OP_RAND: return rands;
    case OSSL_OP_KEYMGMT: return keys;
    case OSSL_OP_KEYEXCH: return exchanges;
    case OSSL_OP_SIGNATURE: return signatures;
    case OSSL_OP_DECODER: return decoders;
    default: return NULL;
    }
}

static void teardown(void *context) {
    BIO_meth_free(ossl_prov_ctx_get0_core_bio_method(context));
    ossl_prov_ctx_free(context);
}

static const OSSL_DISPATCH functions[] = {
    {OSSL_FUNC_PROVIDER_TEARDOWN, (void (*)(void))teardown},
    {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query},
    {OSSL_FUNC_PROVIDER_GET_CAPABILITIES, (void (*)(void))get_capabilities},
    {0, NULL},
};

int ossl_default_provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *core,
                               const OSSL_DISPATCH **own, void **context) {
    OSSL_FUNC_core_get_libctx_fn *library_of = NULL;
    if (!ossl_prov_bio_from_dispatch(core) || !ossl_prov_seeding_from_dispatch(core)) return 0;
    for (; core->function_id != 0; core++)
        if (core->function_id == OSSL_FUNC_CORE_GET_LIBCTX) library_of = OSSL_FUNC_core_get_libctx(core);
    if (!library_of) return 0;
    PROV_CTX *made = ossl_prov_ctx_new();
    BIO_METHOD *bio = ossl_bio_prov_init_bio_method();
    if (!made || !bio) {
        BIO_meth_free(bio);
        ossl_prov_ctx_free(made);
        return 0;
    }
    ossl_prov_ctx_set0_libctx(made, (OSSL_LIB_CTX *)library_of(handle));
    ossl_prov_ctx_set0_handle(made, handle);
    ossl_prov_ctx_set0_core_bio_method(made, bio);
    *context = made;
    *own = functions;
    return 1;
}

// The layout of OSSL_PROVIDER_INFO in crypto/provider_local.h.
struct provider_info {
    const char *name, *path;
    OSSL_provider_init_fn *init;
    void *parameters;
    unsigned is_fallback : 1;
};
const struct provider_info ossl_predefined_providers[] = {
    {"default", NULL, ossl_default_provider_init, NULL, 1},
    {NULL, NULL, NULL, NULL, 0},
};

// By name for whoever asks the old way; certificates name their digests so.
void openssl_add_all_digests_int(void) {
    EVP_add_digest(EVP_sha1());
    EVP_add_digest(EVP_sha256());
    EVP_add_digest(EVP_sha384());
    EVP_add_digest(EVP_sha512());
}
void openssl_add_all_ciphers_int(void) {}

// libssl loads its own texts, and a certificate's faults have theirs in libcrypto: what is left are inner
// errors, which stay numbers (`openssl errstr` reads them).
int ossl_err_load_crypto_strings(void) {
    static ERR_STRING_DATA library[] = {{ERR_PACK(ERR_LIB_SSL, 0, 0), "SSL routines"}, {0, NULL}};
    return ERR_load_strings_const(library);
}
