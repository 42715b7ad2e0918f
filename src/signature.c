/* Finds a signature of a webhook in a header that any sender may have written. */
#include "signature.h"

#include <string.h>

#include "digest.h"

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

bool hg_signature_find(const char *header, size_t len, const char *wanted, size_t wanted_len) {
    const char *end = header + len;
    for (int tried = 0; tried < HG_SIGNATURES_TRIED; tried++) {
        const char *stop = memchr(header, ',', (size_t)(end - header));
        const char *from = header, *to = stop ? stop : end;
        while (from < to && is_blank(*from))
            from++;
        while (to > from && is_blank(to[-1]))
            to--;
        if (hg_equal(from, (size_t)(to - from), wanted, wanted_len))
            return true;
        if (!stop)
            return false;
        header = stop + 1;
    }
    return false;
}
