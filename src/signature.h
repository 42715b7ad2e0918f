/* Signatures of webhooks: HMAC-SHA256 as text, and finding the right one in a header that a
 * stranger has written. Knows neither Lua nor libcurl. */
#ifndef HG_SIGNATURE_H
#define HG_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>

/* How a header carries signatures. */
typedef enum hg_signature_form {
    HG_SIGNATURE_HEYGEN,   /* hexadecimal, "," between several */
    HG_SIGNATURE_STANDARD, /* Standard Webhooks: "v1," and base64, " " between several */
    HG_SIGNATURE_STRIPE,   /* "v1=" and hexadecimal, among other fields, "," between them */
    HG_SIGNATURE_FORMS
} hg_signature_form;

enum {
    HG_SIGNATURE_MAX = 64,   /* characters of a signature, without what marks its version */
    HG_SIGNATURES_TRIED = 64 /* items of a header that are looked at: more is nobody's rotation */
};

/* The signature of `data` into `out`; returns its length, 0 when libcrypto failed. */
size_t hg_signature_make(hg_signature_form form, const void *key, size_t key_len, const void *data,
                         size_t len, char out[HG_SIGNATURE_MAX]);

/* Is `wanted` among the signatures in `header`? Each is compared in constant time, as text: one
 * signature has one spelling. */
bool hg_signature_find(hg_signature_form form, const char *header, size_t len, const char *wanted,
                       size_t wanted_len);

/* Decodes base64 with its padding and without anything else into `out`, which has room for
 * len / 4 * 3 bytes. False: it is not base64. */
bool hg_base64_decode(const char *text, size_t len, unsigned char *out, size_t *out_len);

#endif
