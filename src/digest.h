/* SHA-256, HMAC-SHA256, constant-time compare and random bytes, over libcrypto.
 * Knows neither Lua nor libcurl. */
#ifndef HG_DIGEST_H
#define HG_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

enum { HG_SHA256_HEX = 64, HG_UUID_LEN = 36 };

/* Lower-case hexadecimal digests into `out` (64 characters, no terminator). False: libcrypto
 * failed. */
bool hg_sha256(const void *data, size_t len, char out[HG_SHA256_HEX]);
/* The same, of data that comes in pieces. NULL and false: libcrypto failed. */
typedef struct evp_md_ctx_st hg_hash;
hg_hash *hg_hash_new(void);
bool hg_hash_add(hg_hash *h, const void *data, size_t len);
bool hg_hash_end(hg_hash *h, char out[HG_SHA256_HEX]);
void hg_hash_free(hg_hash *h);

bool hg_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
                    char out[HG_SHA256_HEX]);

/* Takes the same time wherever two texts of one length differ. */
bool hg_equal(const void *a, size_t a_len, const void *b, size_t b_len);

/* Cryptographically strong bytes; safe after fork. False: no entropy could be had. */
bool hg_random(void *out, size_t len);

/* A random (version 4) UUID of 36 characters, no terminator. */
bool hg_uuid(char out[HG_UUID_LEN]);

#endif
