// X.509 certificates (RFC 5280): what `fleet server init` and `renew` need, and no more.
#include "CCrypto.h"

#include <openssl/asn1.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

int ccrypto_is_address(const char *text) {
    ASN1_OCTET_STRING *address = a2i_IPADDRESS(text);
    ASN1_OCTET_STRING_free(address);
    return address != NULL;
}

static int extend(X509 *certificate, X509V3_CTX *context, int nid, const char *value) {
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, context, nid, value);
    int ok = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return ok;
}

// The names are built one by one: a text for X509V3_EXT_conf_nid would let a host's name add others.
static int add_hosts(X509 *certificate, const char *hosts) {
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    int ok = names != NULL;
    while (ok && *hosts) {
        char host[256];
        size_t length = strcspn(hosts, ",");
        if (!(ok = length > 0 && length < sizeof host)) break;
        memcpy(host, hosts, length);
        host[length] = 0;
        hosts += length + (hosts[length] == ',');
        GENERAL_NAME *name = GENERAL_NAME_new();
        ASN1_OCTET_STRING *address = a2i_IPADDRESS(host);
        if (name && address) {
            GENERAL_NAME_set0_value(name, GEN_IPADD, address);
        } else if (name) {
            ASN1_IA5STRING *text = ASN1_IA5STRING_new();
            ok = text && ASN1_STRING_set(text, host, (int)length) == 1;
            GENERAL_NAME_set0_value(name, GEN_DNS, text);
        }
        ok = ok && name && sk_GENERAL_NAME_push(names, name) > 0;
        if (!ok) GENERAL_NAME_free(name);
    }
    ok = ok && X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1;
    GENERAL_NAMES_free(names);
    return ok;
}

static int set_serial(X509 *certificate) {
    // 127 random bits: positive, and unique without a register.
    unsigned char bytes[16];
    if (RAND_bytes(bytes, sizeof bytes) != 1) return 0;
    bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40);
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    int ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return ok;
}

static X509 *start(EVP_PKEY *key, const char *common_name, int days) {
    X509 *certificate = X509_new();
    const long day = 24 * 60 * 60;
    // Valid from a day ago: a board without a clock wakes up in the past.
    if (certificate && X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
        X509_gmtime_adj(X509_getm_notBefore(certificate), -day) &&
        X509_time_adj_ex(X509_getm_notAfter(certificate), days - 1, 0, NULL) &&
        X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                   (const unsigned char *)common_name, -1, -1, 0) == 1 &&
        X509_set_pubkey(certificate, key) == 1)
        return certificate;
    X509_free(certificate);
    return NULL;
}

static int to_text(BIO *pem, char *out, size_t capacity) {
    char *data = NULL;
    long size = BIO_get_mem_data(pem, &data);
    if (size <= 0 || (size_t)size >= capacity) return 0;
    memcpy(out, data, (size_t)size);
    out[size] = 0;
    return 1;
}

static int write_out(EVP_PKEY *key, X509 *certificate, char *key_pem, char *certificate_pem,
                     size_t capacity) {
    BIO *key_text = BIO_new(BIO_s_secmem());
    BIO *certificate_text = BIO_new(BIO_s_mem());
    int ok = key_text && certificate_text &&
             PEM_write_bio_PKCS8PrivateKey(key_text, key, NULL, NULL, 0, NULL, NULL) == 1 &&
             PEM_write_bio_X509(certificate_text, certificate) == 1 &&
             to_text(key_text, key_pem, capacity) && to_text(certificate_text, certificate_pem, capacity);
    BIO_free(key_text);
    BIO_free(certificate_text);
    return ok;
}

int ccrypto_x509_authority(const char *common_name, int days, char *key_pem, char *certificate_pem,
                           size_t capacity) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = key ? start(key, common_name, days) : NULL;
    X509V3_CTX context;
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    int ok = certificate &&
             X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1 &&
             extend(certificate, &context, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
             extend(certificate, &context, NID_key_usage, "critical,keyCertSign,cRLSign") &&
             extend(certificate, &context, NID_subject_key_identifier, "hash") &&
             X509_sign(certificate, key, EVP_sha256()) > 0 &&
             write_out(key, certificate, key_pem, certificate_pem, capacity);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return ok;
}

int ccrypto_x509_server(const char *authority_key_pem, const char *authority_pem,
                        const char *common_name, const char *hosts, int days, char *key_pem,
                        char *certificate_pem, size_t capacity) {
    BIO *text = BIO_new_mem_buf(authority_key_pem, -1);
    EVP_PKEY *authority_key = text ? PEM_read_bio_PrivateKey(text, NULL, NULL, NULL) : NULL;
    BIO_free(text);
    text = BIO_new_mem_buf(authority_pem, -1);
    X509 *authority = text ? PEM_read_bio_X509(text, NULL, NULL, NULL) : NULL;
    BIO_free(text);
    // A certificate by a key that isn't the authority's, or by an authority that is over, convinces nobody.
    int may_sign = authority && authority_key && X509_check_private_key(authority, authority_key) == 1 &&
                   X509_cmp_current_time(X509_get0_notAfter(authority)) > 0;
    EVP_PKEY *key = may_sign ? EVP_EC_gen("P-256") : NULL;
    // A common name has at most 64 characters; the names that count are the alternative ones.
    char short_name[65];
    strncpy(short_name, common_name, 64);
    short_name[64] = 0;
    X509 *certificate = key ? start(key, short_name, days) : NULL;
    X509V3_CTX context;
    X509V3_set_ctx(&context, authority, certificate, NULL, NULL, 0);
    int ok = certificate && X509_set_issuer_name(certificate, X509_get_subject_name(authority)) == 1 &&
             extend(certificate, &context, NID_basic_constraints, "critical,CA:FALSE") &&
             extend(certificate, &context, NID_key_usage, "critical,digitalSignature") &&
             extend(certificate, &context, NID_ext_key_usage, "serverAuth") &&
             extend(certificate, &context, NID_subject_key_identifier, "hash") &&
             extend(certificate, &context, NID_authority_key_identifier, "keyid:always") &&
             add_hosts(certificate, hosts) && X509_sign(certificate, authority_key, EVP_sha256()) > 0 &&
             write_out(key, certificate, key_pem, certificate_pem, capacity);
    X509_free(certificate);
    EVP_PKEY_free(key);
    X509_free(authority);
    EVP_PKEY_free(authority_key);
    return ok;
}
