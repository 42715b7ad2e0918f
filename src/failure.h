/* Why something failed, as a value: its kind, and the text for a person. Knows neither Lua nor
 * libcurl. */
#ifndef HG_FAILURE_H
#define HG_FAILURE_H

#include <stdbool.h>

typedef enum hg_failure_kind {
    HG_OK,
    HG_FAIL_NETWORK,   /* no connection, cut connection, TLS */
    HG_FAIL_TIMEOUT,   /* the attempt's time, the connect time, or the stall limit ran out */
    HG_FAIL_CANCELLED, /* operation:cancel() */
    HG_FAIL_PARSE,     /* the answer is not HTTP, or its encoding is broken */
    HG_FAIL_TOO_LARGE, /* more than max_bytes of body, or too many headers */
    HG_FAIL_FILE,      /* a local file could not be read or written */
    HG_FAIL_CLOSED,    /* the engine was closed, or belongs to the parent process */
    HG_FAIL_INVALID,   /* no URL, or a protocol that is not allowed */
    HG_FAIL_PENDING    /* the operation is not done */
} hg_failure_kind;

enum { HG_FAILURE_TEXT = 320 };

typedef struct hg_failure {
    hg_failure_kind kind;
    char text[HG_FAILURE_TEXT];
} hg_failure;

#if defined(__GNUC__)
#define HG_FORMAT(text, first) __attribute__((format(printf, text, first)))
#else
#define HG_FORMAT(text, first)
#endif

/* True: this errno is one of a system that is short of something, and may have it again soon. */
bool hg_is_shortage(int problem);

/* Fills it in, and returns false: for `return hg_failure_set(...)`. */
bool hg_failure_set(hg_failure *f, hg_failure_kind kind, const char *format, ...) HG_FORMAT(3, 4);
bool hg_failure_no_memory(hg_failure *f);
/* As Lua and docs/errors.md have it. */
const char *hg_failure_name(hg_failure_kind kind);

#endif
