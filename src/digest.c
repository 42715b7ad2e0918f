/* SHA-256, HMAC-SHA256, constant-time compare and random bytes, over libcrypto. */
#include "digest.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>
#ifdef __APPLE__
#include <sys/random.h>
#endif
#include <unistd.h>

enum { SHA256_BYTES = 32, BLOCK = 64, INNER = 0x36, OUTER = 0x5C };

static const char HEX[] = "0123456789abcdef";

static void hex(char *out, const unsigned char *bytes, size_t len) {
    for (size_t i = 0; i < len; i++) {
        *out++ = HEX[bytes[i] >> 4];
        *out++ = HEX[bytes[i] & 15];
    }
}

bool hg_sha256(const void *data, size_t len, char out[HG_SHA256_HEX]) {
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned int n = 0;
    if (!EVP_Digest(data, len, sum, &n, EVP_sha256(), NULL))
        return false;
    hex(out, sum, 32);
    return true;
}

hg_hash *hg_hash_new(void) {
    hg_hash *h = EVP_MD_CTX_new();
    if (h && EVP_DigestInit_ex(h, EVP_sha256(), NULL))
        return h;
    hg_hash_free(h);
    return NULL;
}

bool hg_hash_add(hg_hash *h, const void *data, size_t len) {
    return EVP_DigestUpdate(h, data, len);
}

bool hg_hash_end(hg_hash *h, char out[HG_SHA256_HEX]) {
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned int n = 0;
    if (!EVP_DigestFinal_ex(h, sum, &n))
        return false;
    hex(out, sum, 32);
    return true;
}

void hg_hash_free(hg_hash *h) {
    EVP_MD_CTX_free(h);
}

/* One pass of RFC 2104 with a context that has its digest. */
static bool pass(EVP_MD_CTX *ctx, const unsigned char pad[BLOCK], const void *data, size_t len,
                 unsigned char out[SHA256_BYTES]) {
    unsigned int n = 0;
    return EVP_DigestUpdate(ctx, pad, BLOCK) && EVP_DigestUpdate(ctx, data, len) &&
           EVP_DigestFinal_ex(ctx, out, &n) && n == SHA256_BYTES;
}

/* By hand, because OpenSSL 3 takes most of the time of HMAC() for a short text to fetch its
 * algorithms up again and again. */
static bool hmac_bytes(const void *key, size_t key_len, const void *data, size_t len,
                       unsigned char out[SHA256_BYTES]) {
    unsigned char pad[BLOCK] = {0};
    unsigned int n = 0;
    if (key_len <= sizeof pad)
        memcpy(pad, key, key_len);
    else if (!EVP_Digest(key, key_len, pad, &n, EVP_sha256(), NULL))
        return false;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= INNER;
    bool done = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) && pass(ctx, pad, data, len, out);
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= INNER ^ OUTER;
    done = done && EVP_DigestInit_ex(ctx, NULL, NULL) && pass(ctx, pad, out, SHA256_BYTES, out);
    EVP_MD_CTX_free(ctx);
    OPENSSL_cleanse(pad, sizeof pad);
    return done;
}

bool hg_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
                    char out[HG_SHA256_HEX]) {
    unsigned char sum[SHA256_BYTES];
    if (!hmac_bytes(key, key_len, data, len, sum))
        return false;
    hex(out, sum, sizeof sum);
    return true;
}

bool hg_equal(const void *a, size_t a_len, const void *b, size_t b_len) {
    return a_len == b_len && CRYPTO_memcmp(a, b, a_len) == 0;
}

/* The system's first: OpenSSL's need memory. */
bool hg_random(void *out, size_t len) {
    enum { MOST = 256 }; /* that getentropy gives */
    if (len <= MOST && getentropy(out, len) == 0)
        return true;
    return len <= INT_MAX && RAND_bytes(out, (int)len) == 1;
}

bool hg_uuid(char out[HG_UUID_LEN]) {
    unsigned char b[16];
    char digits[32];
    if (!hg_random(b, sizeof b))
        return false;
    b[6] = (unsigned char)((b[6] & 0x0F) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3F) | 0x80);
    hex(digits, b, sizeof b);
    static const struct { int from, len; } GROUPS[] = {{0, 8}, {8, 4}, {12, 4}, {16, 4}, {20, 12}};
    for (size_t i = 0; i < 5; i++) {
        if (i)
            *out++ = '-';
        memcpy(out, digits + GROUPS[i].from, (size_t)GROUPS[i].len);
        out += GROUPS[i].len;
    }
    return true;
}
