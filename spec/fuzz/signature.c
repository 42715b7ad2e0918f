/* libFuzzer: headers of signatures and HMAC, without Lua. What is found must be what is
 * there: each answer is checked against a slower one. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "signature.h"

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy that ends where it ends: reading one byte too many is seen. */
static char *copy(const uint8_t *data, size_t len) {
    char *exact = malloc(len ? len : 1);
    MUST(exact);
    if (len)
        memcpy(exact, data, len);
    return exact;
}

static bool occurs(const char *text, size_t len, const char *what, size_t what_len) {
    for (size_t i = 0; i + what_len <= len; i++)
        if (memcmp(text + i, what, what_len) == 0)
            return true;
    return false;
}

/* A header that the input makes, then the same with the right signature in one place. */
static void check_header(const char *header, size_t len, size_t place) {
    char wanted[HG_SHA256_HEX];
    size_t n = sizeof wanted, items = 1, at = place;
    MUST(hg_hmac_sha256("key", 3, header, len, wanted));
    if (hg_signature_find(header, len, wanted, n))
        MUST(occurs(header, len, wanted, n));
    for (size_t i = 0; i < place; i++)
        items += header[i] == ',';
    /* header[..place] "," wanted "," header[place..] */
    char *with = malloc(len + n + 2);
    MUST(with);
    memcpy(with, header, place);
    with[at++] = ',';
    memcpy(with + at, wanted, n);
    at += n;
    with[at++] = ',';
    memcpy(with + at, header + place, len - place);
    at += len - place;
    MUST(hg_signature_find(with, at, wanted, n) == (items < HG_SIGNATURES_TRIED));
    /* one digit off */
    with[place + 1 + n / 2] ^= 1;
    if (hg_signature_find(with, at, wanted, n))
        MUST(occurs(with, at, wanted, n));
    free(with);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1)
        return 0;
    size_t len = size - 1;
    char *text = copy(data + 1, len);
    check_header(text, len, len ? data[0] % (len + 1) : 0);
    MUST(hg_equal(text, len, data + 1, len));
    free(text);
    return 0;
}
