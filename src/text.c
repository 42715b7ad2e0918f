/* Text rules the API needs: UTF-8 validity and length, percent-encoding, JSON string escapes. */
#include "text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

bool hg_buf_reserve(hg_buf *b, size_t extra) {
    if (extra > SIZE_MAX / 2 - b->len)
        return false;
    size_t need = b->len + extra;
    if (need <= b->cap)
        return true;
    size_t cap = b->cap ? b->cap : 256;
    while (cap < need)
        cap *= 2;
    char *data = realloc(b->data, cap);
    if (!data)
        return false;
    b->data = data;
    b->cap = cap;
    return true;
}

bool hg_buf_add(hg_buf *b, const void *data, size_t len) {
    if (len == 0)
        return true;
    if (!hg_buf_reserve(b, len))
        return false;
    memcpy(b->data + b->len, data, len);
    b->len += len;
    return true;
}

void hg_buf_free(hg_buf *b) {
    free(b->data);
    memset(b, 0, sizeof *b);
}

/* Length of the sequence that starts at `s`, or 0 when it is not valid UTF-8 (RFC 3629 table). */
static size_t sequence(const unsigned char *s, size_t left) {
    unsigned char c = s[0];
    size_t n;
    unsigned char low = 0x80, high = 0xBF;
    if (c < 0x80)
        return 1;
    if (c < 0xC2)
        return 0;
    if (c < 0xE0) {
        n = 2;
    } else if (c < 0xF0) {
        n = 3;
        if (c == 0xE0)
            low = 0xA0; /* overlong */
        if (c == 0xED)
            high = 0x9F; /* surrogates */
    } else if (c < 0xF5) {
        n = 4;
        if (c == 0xF0)
            low = 0x90; /* overlong */
        if (c == 0xF4)
            high = 0x8F; /* beyond U+10FFFF */
    } else {
        return 0;
    }
    if (left < n || s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if (s[i] < 0x80 || s[i] > 0xBF)
            return 0;
    return n;
}

size_t hg_utf8_check(const char *text, size_t len, size_t *count) {
    const unsigned char *s = (const unsigned char *)text;
    size_t points = 0;
    for (size_t i = 0; i < len; points++) {
        size_t n = sequence(s + i, len - i);
        if (n == 0)
            return i + 1;
        i += n;
    }
    if (count)
        *count = points;
    return 0;
}

static const char HEX[] = "0123456789ABCDEF";

static bool unreserved(unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

bool hg_is_unreserved(const char *s, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (!unreserved((unsigned char)s[i]))
            return false;
    return len > 0;
}

bool hg_percent_encode(hg_buf *b, const char *s, size_t len) {
    if (len > SIZE_MAX / 6 || !hg_buf_reserve(b, len * 3))
        return false;
    char *out = b->data + b->len;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        if (unreserved(c)) {
            *out++ = (char)c;
        } else {
            *out++ = '%';
            *out++ = HEX[c >> 4];
            *out++ = HEX[c & 15];
        }
    }
    b->len = (size_t)(out - b->data);
    return true;
}

/* Writes the escape of a character that may not stand in a JSON string; returns its length. */
static size_t escape(char *out, unsigned char c) {
    static const char SHORT[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (const char *p = SHORT; *p; p += 2) {
        if ((unsigned char)p[0] == c) {
            out[0] = '\\';
            out[1] = p[1];
            return 2;
        }
    }
    memcpy(out, "\\u00", 4);
    out[4] = HEX[c >> 4];
    out[5] = HEX[c & 15];
    return 6;
}

bool hg_json_quote(hg_buf *b, const char *s, size_t len) {
    size_t from = 0;
    if (!hg_buf_reserve(b, len < SIZE_MAX / 4 ? len + 2 : SIZE_MAX))
        return false;
    b->data[b->len++] = '"';
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7F)
            continue;
        char out[6];
        size_t n = escape(out, c);
        if (!hg_buf_add(b, s + from, i - from) || !hg_buf_add(b, out, n))
            return false;
        from = i + 1;
    }
    return hg_buf_add(b, s + from, len - from) && hg_buf_add(b, "\"", 1);
}
