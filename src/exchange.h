/* One HTTP exchange: what was asked, what came back, and "was it sent?". Knows no Lua; libcurl's
 * callbacks write into C memory, and its maker reads that when it is done. */
#ifndef HG_EXCHANGE_H
#define HG_EXCHANGE_H

#include <curl/curl.h>

#include "body.h"
#include "download_file.h"
#include "headers.h"
#include "operation.h"
#include "text.h"

typedef struct hg_handle hg_handle;

/* Whether the server may have seen the request. */
typedef enum hg_sent {
    HG_SENT_NO,    /* no byte of it left this machine on a ready connection */
    HG_SENT_MAYBE, /* it was being sent, and nothing came back */
    HG_SENT_YES    /* the server began to answer */
} hg_sent;

/* One part of a multipart/form-data body. */
typedef struct hg_part {
    const char *name;
    hg_segment content;
    const char *filename;
    const char *content_type;
} hg_part;

/* What libcurl reads from: the body, or a part of one. */
typedef struct hg_input {
    struct hg_exchange *exchange;
    hg_body body;
} hg_input;

/* What an exchange is made from. All pointers are borrowed for the call only. */
typedef struct hg_request {
    const char *method;
    const char *url;     /* a whole URL; or NULL and then: */
    const char *base;    /* scheme://host[:port] */
    const char *target;  /* path and query, sent as it stands */
    hg_headers *headers; /* NULL: none of its own */
    const char *body;    /* raw bytes, may hold NUL; NULL: none */
    size_t body_len;
    const hg_segment
        *segments; /* the body as it is read; their data stays with the caller: hg_exchange_keep */
    size_t segments_len;
    const hg_part *parts; /* multipart/form-data; likewise */
    size_t parts_len;
    const char *output_path; /* a new file for a 2xx body; it must not exist */
    hg_output *output;       /* or this file, from hg_exchange_accept on */
    bool stream;             /* a 2xx body is taken bit by bit: hg_exchange_take */
    const char *proxy;       /* NULL: the environment's; "": none */
    const char *ca_file;     /* NULL: libcurl's default */
    int64_t timeout; /* nanoseconds for the attempt; 0: none. A fresh request may wait as long again
                        for its connection; after that it is not sent any more */
    int64_t end;     /* when it must be over in any case; 0: no such time */
    long connect_timeout_ms;
    long stall_s;       /* give up when under a byte per second for so long; 0: never */
    uint64_t max_bytes; /* cap of the body after decompression */
    bool fresh;         /* on a new connection, and never sent twice: libcurl silently repeats a
                           request whose reused connection dies unanswered, which a create must
                           not be */
    bool public_;       /* on a handle that has never carried a credential */
    bool allow_http;    /* plain http is permitted */
    bool compressed;    /* asks for compressed answers */
    bool http1;         /* over HTTP/1.1 alone */
    long owner;         /* see hg_engine_close_owner; 0: none */
} hg_request;

enum { HG_TIMINGS = 6 }; /* namelookup, connect, appconnect, pretransfer, starttransfer, total */

typedef struct hg_exchange {
    hg_op op; /* first: see hg_exchange_of */

    /* ---- until it is sent ---- */
    bool held;            /* libcurl has not been given it yet */
    struct hg_gate *gate; /* which it has to pass */
    bool inside;          /* it has entered it */
    bool fresh;           /* must not be sent twice, and has its time from when it is sent */
    int64_t timeout, end; /* see hg_request */
    bool started;         /* the request was about to be written to a ready connection */
    bool lonely;          /* libcurl had no other exchange then */
    unsigned begun;       /* hg_pool's number then */
    bool refused;         /* the server has said that nothing was done with it */

    /* ---- the request, while it runs ---- */
    hg_handle *handle;
    hg_headers *headers;
    char *body;
    curl_mime *mime;
    hg_input *inputs; /* the body in segments, or the parts of a multipart body in their order */
    size_t inputs_len;

    /* ---- where the body of the answer goes ---- */
    uint64_t max_bytes;
    hg_output *output;  /* a file, or NULL */
    uint64_t output_at; /* where the next byte goes */
    bool accepted;      /* it may be written to */
    bool stream;        /* in pieces to its maker */
    bool to_file;       /* known with the first byte: to the output */
    bool to_owner;      /* or to hg_exchange_take */
    bool paused;        /* held back, or the step's time was up in the middle of a download */
    bool resumed;       /* may write once more although it is: every step must get somewhere */
    bool head_came, head_notified;
    bool has_problem; /* no file comes, but an error or a redirect: a part of its body will do */

    /* ---- why it failed ---- */
    const char *cause; /* a word for it; NULL: the one of libcurl's number */

    /* ---- the answer ---- */
    bool answered;  /* at least one header line came */
    hg_buf head;    /* status line and headers of the last answer */
    hg_buf content; /* the body in memory */
    uint64_t received;
    long status;
    long http_version; /* a CURL_HTTP_VERSION_ number */
    long connects;     /* connections opened for it; 0: reused */
    curl_off_t sent_bytes, sent_total, received_total;
    curl_off_t times[HG_TIMINGS]; /* microseconds since the start */
} hg_exchange;

/* NULL: it is another kind of operation. */
static inline hg_exchange *hg_exchange_of(hg_op *op) {
    return op->kind == HG_OP_EXCHANGE ? (hg_exchange *)(void *)op : NULL;
}

/* One that is not submitted yet. NULL with `failure` filled in when a file cannot be opened or
 * memory is out; nothing is left behind then. */
hg_exchange *hg_exchange_new(const hg_request *r, hg_failure *failure);

/* When its time is up, if it begins now. */
int64_t hg_exchange_due(const hg_exchange *x, int64_t now);

/* Ends it. `code` is libcurl's verdict, `detail` its text (may be empty). */
void hg_exchange_finish(hg_exchange *x, CURLcode code, const char *detail);
/* Ends it without a verdict of libcurl: cancelled or closed. */
void hg_exchange_abandon(hg_exchange *x, hg_failure_kind failure, const char *why);

/* Takes the counters of a running exchange from libcurl. */
void hg_exchange_refresh(hg_exchange *x);
/* Lets go of all that only a running exchange needs; libcurl must have let go of it before. */
void hg_exchange_release(hg_exchange *x);

hg_sent hg_exchange_sent(const hg_exchange *x);
/* Copies what it only borrows of the request, whose owner is about to let go of it. False: out of
 * memory. */
bool hg_exchange_keep(hg_exchange *x);
/* Frees the body, keeps status, headers and timings. */
void hg_exchange_drop_content(hg_exchange *x);
/* Finds a header of the answer, any letter case. NULL: absent. The last one wins. */
const char *hg_exchange_header(const hg_exchange *x, const char *name, size_t *len);

/* ---- the body while it comes: exchange_body.c ---- */

/* Lets the body go into its file from `at` on; what is there behind is cut off. */
bool hg_exchange_accept(hg_exchange *x, uint64_t at, hg_failure *failure);
/* The bytes of a stream that have come, valid until hg_exchange_taken says that they are out. */
const char *hg_exchange_take(hg_exchange *x, size_t *len);
void hg_exchange_taken(hg_exchange *x);
/* libcurl has handed over the last header line. */
void hg_exchange_on_head_end(hg_handle *h);
/* Whether something has come that no notification was given for: the head of an answer whose body
 * is waited for, bytes of a stream, the end. */
bool hg_exchange_has_changed(const hg_exchange *x);
void hg_exchange_notify(hg_exchange *x, hg_queue *notified);

/* libcurl's callbacks; the user pointer is the hg_handle, and the hg_input of those that read. */
size_t hg_exchange_on_body(char *data, size_t size, size_t n, void *handle);
size_t hg_exchange_on_header(char *data, size_t size, size_t n, void *handle);
size_t hg_exchange_on_read(char *to, size_t size, size_t n, void *input);
int hg_exchange_on_seek(void *input, curl_off_t offset, int origin);
int hg_exchange_on_start(void *handle, char *to, char *from, int to_port, int from_port);

#endif
