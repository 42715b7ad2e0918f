/* libFuzzer: headers of signatures, base64 and HMAC, without Lua. What is found must be what is
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

static void check_base64(const char *text, size_t len) {
    static const char PLAIN[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
    unsigned char *bytes = malloc(len / 4 * 3 + 1);
    size_t n;
    MUST(bytes);
    if (hg_base64_decode(text, len, bytes, &n)) {
        MUST(len % 4 == 0 && n <= len / 4 * 3 && n + 2 >= len / 4 * 3);
        for (size_t i = 0; i < len; i++)
            MUST(text[i] && strchr(PLAIN, text[i]));
    }
    free(bytes);
}

/* A header that the input makes, then the same with the right signature in one place. */
static void check_header(hg_signature_form form, const char *header, size_t len, size_t place) {
    static const char *const MARKS[] = {"", "v1,", "v1="};
    static const char SEPARATORS[] = {',', ' ', ','};
    char wanted[HG_SIGNATURE_MAX];
    size_t n = hg_signature_make(form, "key", 3, header, len, wanted);
    MUST(n == (form == HG_SIGNATURE_STANDARD ? 44u : 64u));
    if (hg_signature_find(form, header, len, wanted, n))
        MUST(occurs(header, len, wanted, n));
    size_t items = 1;
    for (size_t i = 0; i < place; i++)
        items += header[i] == SEPARATORS[form];
    /* header[..place] separator mark wanted separator header[place..] */
    size_t mark = strlen(MARKS[form]), at = 0;
    char *with = malloc(len + mark + n + 2);
    MUST(with);
    memcpy(with, header, place);
    at = place;
    with[at++] = SEPARATORS[form];
    memcpy(with + at, MARKS[form], mark);
    memcpy(with + at + mark, wanted, n);
    at += mark + n;
    with[at++] = SEPARATORS[form];
    memcpy(with + at, header + place, len - place);
    at += len - place;
    bool found = hg_signature_find(form, with, at, wanted, n);
    MUST(found == (items < HG_SIGNATURES_TRIED));
    /* one digit off */
    with[place + 1 + mark + n / 2] ^= 1;
    if (hg_signature_find(form, with, at, wanted, n))
        MUST(occurs(with, at, wanted, n));
    free(with);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2)
        return 0;
    hg_signature_form form = data[0] % HG_SIGNATURE_FORMS;
    size_t len = size - 2;
    char *text = copy(data + 2, len);
    check_base64(text, len);
    check_header(form, text, len, len ? data[1] % (len + 1) : 0);
    MUST(hg_equal(text, len, data + 2, len));
    free(text);
    return 0;
}
