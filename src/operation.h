/* One HTTP exchange, or one timer: what was asked, what came back, and "was it sent?".
 * Knows no Lua; callbacks write into C memory, and the owner reads it when the operation is done.
 */
#ifndef HG_OPERATION_H
#define HG_OPERATION_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "body.h"
#include "download_file.h"
#include "headers.h"
#include "pollset.h"
#include "queue.h"
#include "text.h"

typedef struct hg_engine hg_engine;
typedef struct hg_handle hg_handle;

/* Could the server have seen the request? */
typedef enum hg_sent {
    HG_SENT_NO,    /* no byte of it left this machine on a ready connection */
    HG_SENT_MAYBE, /* it was being sent, and nothing came back */
    HG_SENT_YES    /* the server began to answer */
} hg_sent;

typedef enum hg_failure {
    HG_OK,
    HG_FAIL_NETWORK,   /* no connection, cut connection, TLS */
    HG_FAIL_TIMEOUT,   /* the attempt's time, the connect time, or the stall limit ran out */
    HG_FAIL_CANCELLED, /* operation:cancel() */
    HG_FAIL_PARSE,     /* the answer is not HTTP, or its encoding is broken */
    HG_FAIL_TOO_LARGE, /* more than max_bytes of body, or too many headers */
    HG_FAIL_FILE,      /* a local file could not be read or written */
    HG_FAIL_CLOSED,    /* the engine was closed, or belongs to the parent process */
    HG_FAIL_INVALID    /* no URL, or a protocol that is not allowed */
} hg_failure;

/* One part of a multipart/form-data body. */
typedef struct hg_part {
    const char *name;
    hg_segment content;
    const char *filename;
    const char *content_type;
} hg_part;

/* What libcurl reads from: the body, or a part of one. */
typedef struct hg_input {
    struct hg_op *op;
    hg_body body;
} hg_input;

/* What an operation is made from. All pointers are borrowed for the call only. */
typedef struct hg_request {
    const char *method;
    const char *url;     /* a whole URL; or NULL and then: */
    const char *base;    /* scheme://host[:port] */
    const char *target;  /* path and query, sent as it stands */
    hg_headers *headers; /* NULL: none of its own */
    const char *body;    /* raw bytes, may hold NUL; NULL: none */
    size_t body_len;
    const hg_segment
        *segments; /* the body as it is read; their data stays with the caller: hg_op_keep */
    size_t segments_len;
    const hg_part *parts; /* multipart/form-data; likewise */
    size_t parts_len;
    const char *output_path; /* a new file for a 2xx body; it must not exist */
    hg_output *output;       /* or this file, from hg_op_accept on */
    bool stream;             /* a 2xx body is taken bit by bit: hg_op_take */
    const char *proxy;       /* NULL: the environment's; "": none */
    const char *ca_file;     /* NULL: libcurl's default */
    long timeout_ms; /* the whole attempt; 0: none. A fresh request may wait as long again for its
                        connection; after that it is not sent any more */
    long connect_timeout_ms;
    long stall_s;       /* give up when under a byte per second for so long; 0: never */
    uint64_t max_bytes; /* cap of the body after decompression */
    bool fresh;         /* on a new connection, and never sent twice: libcurl silently repeats a
                           request whose reused connection dies unanswered, which a create must
                           not be */
    bool public_;       /* on a handle that has never carried a credential */
    bool allow_http;    /* plain http is permitted */
    bool compressed;    /* accept compressed answers */
    long owner;         /* whose it is: see hg_engine_close_owner; 0: nobody's */
} hg_request;

enum { HG_TIMINGS = 6 }; /* namelookup, connect, appconnect, pretransfer, starttransfer, total */

typedef struct hg_op {
    int refs; /* the owner's, and the engine's while it lives */
    bool done;
    bool timer;  /* no exchange: done at `due` */
    bool notify; /* its id goes to the engine's list of finished operations */
    uint64_t id;
    long owner;
    hg_engine *engine;         /* NULL once the engine is closed */
    struct hg_op *prev, *next; /* the engine's live list */

    int64_t due;    /* timer: when; held: when its time is up */
    size_t heap_at; /* its place in the engine's heap of these */
    bool timed;     /* it is in there */

    hg_queue *queue; /* where it stands, between these */
    struct hg_op *before, *behind;
    bool held;            /* libcurl has not been given it yet */
    struct hg_gate *gate; /* which it has to pass, until it is sent */
    bool inside;          /* it has entered it */

    hg_handle *handle; /* while live */
    hg_headers *headers;
    char *body;
    curl_mime *mime;
    hg_input *inputs; /* the body in segments, or the parts of a multipart body in their order */
    size_t inputs_len;
    hg_output *output;  /* file for the answer, or NULL */
    uint64_t output_at; /* where the next byte goes */
    bool accepted;      /* it may be written to */
    bool no_space;      /* why it could not be */
    bool stream;        /* whoever owns the operation takes the body while it comes */
    bool head_came, head_notified;
    struct hg_op
        *notification; /* an operation that is done when there is something new of this one */
    uint64_t max_bytes;

    bool fresh;             /* must not be sent twice, nor cut off by the time it spent waiting */
    int64_t born, patience; /* fresh or held: when it was made, how long it may wait */
    bool started;           /* the request was about to be written to a ready connection */
    bool answered;          /* at least one header line came */
    bool paused;            /* the step's time was up in the middle of a download */
    bool resumed;           /* may write once more although it is: every step must get somewhere */
    bool to_file;           /* the body goes to the output */
    bool to_owner;          /* the body is for hg_op_take */
    hg_buf head;            /* status line and headers of the last answer */
    hg_buf content;         /* the body in memory */
    uint64_t received;
    long status;
    long http_version; /* a CURL_HTTP_VERSION_ number */
    long connects;     /* connections opened for it; 0: reused */
    curl_off_t sent_bytes, sent_total, received_total;
    curl_off_t times[HG_TIMINGS]; /* microseconds since the start */

    hg_failure failure;
    int curl_code;
    char *message; /* why it failed; NULL when it did not */
} hg_op;

enum { HG_MESSAGE = HG_UPLOAD_FILE_MESSAGE };

/* An operation that is not submitted yet. NULL with `message` filled when a file cannot be opened
 * or memory is out; nothing is left behind then. */
hg_op *hg_op_new(const hg_request *r, char message[HG_MESSAGE]);
hg_op *hg_op_timer(int64_t due);
hg_op *hg_op_ref(hg_op *op);
void hg_op_unref(hg_op *op);

/* Marks the operation done. `code` is libcurl's verdict, `detail` its text (may be empty). */
void hg_op_finish(hg_op *op, CURLcode code, const char *detail);
/* Marks the operation done without a verdict of libcurl: cancelled or closed. */
void hg_op_abandon(hg_op *op, hg_failure failure, const char *why);

/* Takes the counters of a running exchange from libcurl. */
void hg_op_refresh(hg_op *op);
/* Lets go of all that only a running exchange needs; libcurl must have let go of it before. */
void hg_op_release(hg_op *op);

hg_sent hg_op_sent(const hg_op *op);
/* Copies what the operation only borrows of the request, whose owner is about to let go of it.
 * False: out of memory. */
bool hg_op_keep(hg_op *op);
/* Frees the body, keeps status, headers and timings. */
void hg_op_drop_content(hg_op *op);
/* Finds a header of the answer, any letter case. NULL: absent. The last one wins. */
const char *hg_op_header(const hg_op *op, const char *name, size_t *len);

/* ---- while it runs: see operation_body.c ---- */

/* Lets the body go into its file from `at` on; what is there behind is cut off. */
bool hg_op_accept(hg_op *op, uint64_t at, char message[HG_MESSAGE]);
/* The bytes that have come for the owner, valid until hg_op_taken says that they are out. */
const char *hg_op_take(hg_op *op, size_t *len);
void hg_op_taken(hg_op *op);
/* libcurl has handed over the last header line. */
void hg_op_on_head_end(hg_handle *h);
/* Is there anything that the owner should look at, and has not been told of? */
bool hg_op_has_changed(const hg_op *op);
/* Ends the notification of an operation, if there is one, at the end of the running step. */
void hg_op_notify(hg_op *op, hg_queue *notified);

/* Notes the first reason why an operation fails. */
void hg_op_fail(hg_op *op, hg_failure failure, const char *format, const char *a, const char *b);

/* libcurl's callbacks; the user pointer is the hg_handle, and the hg_input of those that read. */
size_t hg_op_on_body(char *data, size_t size, size_t n, void *handle);
size_t hg_op_on_header(char *data, size_t size, size_t n, void *handle);
size_t hg_op_on_read(char *to, size_t size, size_t n, void *input);
int hg_op_on_seek(void *input, curl_off_t offset, int origin);
int hg_op_on_start(void *handle, char *to, char *from, int to_port, int from_port);

#endif
