/* Signatures of webhooks: HMAC-SHA256 as text, and finding the right one in a header that a
 * stranger has written. */
#include "signature.h"

#include <string.h>

#include "digest.h"

static const char BASE64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static const struct {
    char separator;
    const char *mark; /* in front of each signature */
} FORMS[HG_SIGNATURE_FORMS] = {
    [HG_SIGNATURE_HEYGEN] = {',', ""},
    [HG_SIGNATURE_STANDARD] = {' ', "v1,"},
    [HG_SIGNATURE_STRIPE] = {',', "v1="},
};

static size_t base64(char *out, const unsigned char *in, size_t len) {
    char *start = out;
    for (; len >= 3; in += 3, len -= 3) {
        *out++ = BASE64[in[0] >> 2];
        *out++ = BASE64[(in[0] & 3) << 4 | in[1] >> 4];
        *out++ = BASE64[(in[1] & 15) << 2 | in[2] >> 6];
        *out++ = BASE64[in[2] & 63];
    }
    if (len) {
        unsigned char second = len > 1 ? in[1] : 0;
        *out++ = BASE64[in[0] >> 2];
        *out++ = BASE64[(in[0] & 3) << 4 | second >> 4];
        *out++ = len > 1 ? BASE64[(second & 15) << 2] : '=';
        *out++ = '=';
    }
    return (size_t)(out - start);
}

size_t hg_signature_make(hg_signature_form form, const void *key, size_t key_len, const void *data,
                         size_t len, char out[HG_SIGNATURE_MAX]) {
    if (form != HG_SIGNATURE_STANDARD)
        return hg_hmac_sha256(key, key_len, data, len, out) ? HG_SHA256_HEX : 0;
    unsigned char sum[HG_SHA256_BYTES];
    if (!hg_hmac_sha256_bytes(key, key_len, data, len, sum))
        return 0;
    return base64(out, sum, sizeof sum);
}

/* What may stand around a signature. A comma ends an item where a proxy has made one header of
 * several: "v1,AAA=, v1,BBB=". */
static bool is_around(char c) {
    return c == ' ' || c == '\t' || c == ',';
}

bool hg_signature_find(hg_signature_form form, const char *header, size_t len, const char *wanted,
                       size_t wanted_len) {
    const char *end = header + len, *mark = FORMS[form].mark;
    size_t mark_len = strlen(mark);
    for (int tried = 0; tried < HG_SIGNATURES_TRIED; tried++) {
        const char *stop = memchr(header, FORMS[form].separator, (size_t)(end - header));
        const char *from = header, *to = stop ? stop : end;
        while (from < to && is_around(*from))
            from++;
        while (to > from && is_around(to[-1]))
            to--;
        size_t n = (size_t)(to - from);
        if (n == mark_len + wanted_len && memcmp(from, mark, mark_len) == 0 &&
            hg_equal(from + mark_len, wanted_len, wanted, wanted_len))
            return true;
        if (!stop)
            return false;
        header = stop + 1;
    }
    return false;
}

/* The value of a base64 digit, or 64. */
static unsigned digit(char c) {
    if (c >= 'A' && c <= 'Z')
        return (unsigned)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (unsigned)(c - 'a') + 26;
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0') + 52;
    return c == '+' ? 62 : c == '/' ? 63 : 64;
}

bool hg_base64_decode(const char *text, size_t len, unsigned char *out, size_t *out_len) {
    unsigned char *start = out;
    if (len % 4 != 0)
        return false;
    for (size_t i = 0; i < len; i += 4) {
        const char *s = text + i;
        size_t pad = 0;
        if (i + 4 == len)
            pad = s[3] != '=' ? 0 : s[2] != '=' ? 1 : 2;
        unsigned a = digit(s[0]), b = digit(s[1]);
        unsigned c = pad == 2 ? 0 : digit(s[2]), d = pad ? 0 : digit(s[3]);
        if (a > 63 || b > 63 || c > 63 || d > 63)
            return false;
        /* what the padding cuts off must be zero: one key has one spelling */
        if ((pad == 2 && (b & 15)) || (pad == 1 && (c & 3)))
            return false;
        *out++ = (unsigned char)(a << 2 | b >> 4);
        if (pad < 2)
            *out++ = (unsigned char)((b & 15) << 4 | c >> 2);
        if (!pad)
            *out++ = (unsigned char)((c & 3) << 6 | d);
    }
    *out_len = (size_t)(out - start);
    return true;
}
