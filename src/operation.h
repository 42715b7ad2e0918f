/* What an engine works on, and Lua waits for: an exchange, a timer, a notification, or a sync. Here
 * is what they have in common: life, name, places in lists, and why it failed. Knows no Lua.
 *
 * An exchange has more, see exchange.h. A timer is done at `due`. A notification is done as soon as
 * there is something new of another operation. A sync is done by a thread, see fsync.h. */
#ifndef HG_OPERATION_H
#define HG_OPERATION_H

#include <stddef.h>
#include <stdint.h>

#include "failure.h"
#include "queue.h"

typedef struct hg_engine hg_engine;

typedef enum hg_op_kind { HG_OP_EXCHANGE, HG_OP_TIMER, HG_OP_NOTIFICATION, HG_OP_SYNC } hg_op_kind;

typedef struct hg_op {
    hg_op_kind kind;
    int refs; /* the Lua object's, and the engine's while it lives */
    bool done;
    bool notify; /* its id goes to the engine's list of finished operations */
    uint64_t id;
    long owner;                      /* see hg_engine_close_owner; 0: none */
    hg_engine *engine;               /* NULL once the engine is closed */
    struct hg_op *prev, *next;       /* the engine's live list */
    struct hg_op *notification;      /* of this one; NULL: not requested */
    void (*dispose)(struct hg_op *); /* frees what its kind has in addition; NULL: nothing */

    /* ---- in the engine's heap of times ---- */
    int64_t due; /* a timer: when it is done; an exchange: when its time is up */
    size_t heap_at;
    bool timed; /* it is in there */

    /* ---- in a queue: to be started, or to be resumed, or to be ended as a notification ---- */
    hg_queue *queue; /* NULL: in none */
    struct hg_op *before, *behind;

    /* ---- why it failed ---- */
    hg_failure_kind failure;
    int curl_code;
    bool no_space;
    char *message; /* NULL when it did not, or memory is out */
} hg_op;

/* One that is no exchange. NULL: memory is out. */
hg_op *hg_op_new(hg_op_kind kind, int64_t due, long owner);
hg_op *hg_op_ref(hg_op *op);
void hg_op_unref(hg_op *op);

/* Notes why it fails; the first reason is the cause, and stays. Does not make it done. */
void hg_op_fail(hg_op *op, hg_failure_kind failure, const char *format, ...) HG_FORMAT(3, 4);
/* Puts its notification, if there is one, among those to be ended with the running step. */
void hg_op_notify(hg_op *op, hg_queue *notified);

#endif
