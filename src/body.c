/* A request's body in segments, read piece by piece as it is sent. */
#include "body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct hg_piece {
    const char *data; /* borrowed, or `own` */
    char *own;
    hg_upload_file *upload; /* instead of data */
    bool base64;
    int64_t raw;        /* bytes in memory or in the file */
    int64_t start, end; /* its place in the body */
} hg_piece;

enum { GROUPS = 4096 }; /* three bytes that become four characters, made at a time */

const char *hg_segment_path(const hg_segment *s) {
    if (s->path)
        return s->path;
    return s->upload && !hg_upload_file_is_spool(s->upload) ? hg_upload_file_path(s->upload) : NULL;
}

static bool open_piece(hg_piece *p, const hg_segment *from, hg_failure *failure) {
    p->base64 = from->base64;
    p->data = from->data;
    p->raw = (int64_t)from->len;
    if (from->upload)
        p->upload = hg_upload_file_ref(from->upload);
    else if (from->path && !(p->upload = hg_upload_file_open(from->path, failure)))
        return false;
    if (p->upload)
        p->raw = hg_upload_file_size(p->upload);
    return true;
}

bool hg_body_open(hg_body *b, const hg_segment *list, size_t n, hg_failure *failure) {
    memset(b, 0, sizeof *b);
    b->list = calloc(n, sizeof *b->list);
    if (!b->list) {
        hg_failure_no_memory(failure);
        return false;
    }
    for (; b->len < n; b->len++) {
        hg_piece *p = &b->list[b->len];
        if (!open_piece(p, &list[b->len], failure))
            return false;
        p->start = b->size;
        b->size += p->base64 ? (p->raw + 2) / 3 * 4 : p->raw;
        p->end = b->size;
    }
    return true;
}

void hg_body_free(hg_body *b) {
    for (size_t i = 0; i < b->len; i++) {
        hg_upload_file_unref(b->list[i].upload);
        free(b->list[i].own);
    }
    free(b->list);
    memset(b, 0, sizeof *b);
}

bool hg_body_keep(hg_body *b) {
    for (size_t i = 0; i < b->len; i++) {
        hg_piece *p = &b->list[i];
        if (p->own || p->upload || p->raw == 0)
            continue;
        p->own = malloc((size_t)p->raw);
        if (!p->own)
            return false;
        p->data = memcpy(p->own, p->data, (size_t)p->raw);
    }
    return true;
}

static bool take(const hg_piece *p, void *to, size_t len, int64_t at, hg_failure *failure) {
    if (p->upload)
        return hg_upload_file_read(p->upload, to, len, at, failure);
    memcpy(to, p->data + at, len);
    return true;
}

static size_t encode(char *out, const unsigned char *in, size_t len) {
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *start = out;
    for (; len >= 3; len -= 3, in += 3) {
        *out++ = DIGITS[in[0] >> 2];
        *out++ = DIGITS[(in[0] & 3) << 4 | in[1] >> 4];
        *out++ = DIGITS[(in[1] & 15) << 2 | in[2] >> 6];
        *out++ = DIGITS[in[2] & 63];
    }
    if (len > 0) {
        unsigned second = len > 1 ? in[1] : 0;
        *out++ = DIGITS[in[0] >> 2];
        *out++ = DIGITS[(in[0] & 3U) << 4 | second >> 4];
        *out++ = len > 1 ? DIGITS[(second & 15) << 2] : '=';
        *out++ = '=';
    }
    return (size_t)(out - start);
}

/* At most `want` characters of the piece's base64 from `at`; 0: failed. */
static size_t take_base64(const hg_piece *p, char *to, size_t want, int64_t at,
                          hg_failure *failure) {
    unsigned char raw[GROUPS * 3];
    char text[GROUPS * 4];
    int64_t from = at / 4 * 3;
    size_t skip = (size_t)(at % 4), groups = (skip + want + 3) / 4;
    size_t len = (groups < GROUPS ? groups : GROUPS) * 3;
    if ((int64_t)len > p->raw - from)
        len = (size_t)(p->raw - from);
    if (!take(p, raw, len, from, failure))
        return 0;
    size_t made = encode(text, raw, len) - skip;
    if (made > want)
        made = want;
    memcpy(to, text + skip, made);
    return made;
}

int64_t hg_body_read(hg_body *b, char *to, size_t want, hg_failure *failure) {
    size_t done = 0;
    while (done < want && b->at < b->size) {
        while (b->at >= b->list[b->now].end)
            b->now++;
        const hg_piece *p = &b->list[b->now];
        size_t n = want - done;
        if ((int64_t)n > p->end - b->at)
            n = (size_t)(p->end - b->at);
        if (p->base64)
            n = take_base64(p, to + done, n, b->at - p->start, failure);
        else if (!take(p, to + done, n, b->at - p->start, failure))
            n = 0;
        if (n == 0)
            return -1;
        done += n;
        b->at += (int64_t)n;
        if (b->at == p->end && p->upload && !hg_upload_file_check(p->upload, failure))
            return -1;
    }
    return (int64_t)done;
}

bool hg_body_seek(hg_body *b, int64_t at) {
    if (at < 0 || at > b->size)
        return false;
    b->at = at;
    b->now = 0;
    return true;
}
