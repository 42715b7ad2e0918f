/* A request's body in segments, read piece by piece as it is sent: bytes in memory, or a file, each
 * as it is or as base64, which is made on the way. Its length is known before. Knows neither Lua
 * nor libcurl. */
#ifndef HG_BODY_H
#define HG_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "upload_file.h"

/* One of `data`, `path` and `upload`. */
typedef struct hg_segment {
    const char *data; /* not copied: its maker keeps it until the body is freed, or
                         hg_body_keep */
    size_t len;
    const char *path;       /* a file to open */
    hg_upload_file *upload; /* one that is open */
    bool base64;
} hg_segment;

typedef struct hg_body {
    struct hg_piece *list;
    size_t len;
    int64_t size; /* in all */
    int64_t at;   /* what was read so far */
    size_t now;   /* the piece that this lies in */
} hg_body;

/* The path of a segment's file, or NULL. */
const char *hg_segment_path(const hg_segment *s);

/* Makes a body of `n` segments. False with `failure` filled in; it is to be freed all the same. */
bool hg_body_open(hg_body *b, const hg_segment *list, size_t n, hg_failure *failure);
void hg_body_free(hg_body *b);
/* Copies what it only borrows. False: out of memory. */
bool hg_body_keep(hg_body *b);

/* Reads the next `want` bytes at most; 0 at the end. -1 with `failure` filled in: a file cannot be
 * read, or has changed since it was opened, which is found out before its last byte is handed out.
 */
int64_t hg_body_read(hg_body *b, char *to, size_t want, hg_failure *failure);
bool hg_body_seek(hg_body *b, int64_t at);

#endif
