/* Text rules the API needs: UTF-8 validity and length, percent-encoding, JSON string escapes.
 * Knows neither Lua nor libcurl. */
#ifndef HG_TEXT_H
#define HG_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* A growing byte buffer. Zero it to start; free() the data when done. */
typedef struct hg_buf {
    char *data;
    size_t len;
    size_t cap;
} hg_buf;

/* Room for `extra` more bytes. False when memory is out; the buffer is then unchanged. */
bool hg_buf_reserve(hg_buf *b, size_t extra);
bool hg_buf_add(hg_buf *b, const void *data, size_t len);
void hg_buf_free(hg_buf *b);

/* Counts code points. Returns 0 when the text is valid UTF-8 (no surrogates, no overlong forms,
 * at most U+10FFFF), else the 1-based position of the first byte of the bad sequence. */
size_t hg_utf8_check(const char *s, size_t len, size_t *count);

/* True when every character is unreserved in RFC 3986 and there is at least one. */
bool hg_is_unreserved(const char *s, size_t len);

/* Appends `s` with everything but RFC 3986 unreserved characters percent-encoded. */
bool hg_percent_encode(hg_buf *b, const char *s, size_t len);

/* Appends `s` as a JSON string with its quotes. The text must be valid UTF-8. */
bool hg_json_quote(hg_buf *b, const char *s, size_t len);

#endif
