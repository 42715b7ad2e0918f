/* What an engine works on: what exchanges, timers, notifications and syncs have in common.
 *
 * There are two references: of the Lua object, and of the engine while the operation is live; a
 * notification has one more, of the operation that it is about. `done` is set once, by the engine,
 * and all results are in place before. The first failure that is noted is the one that is told:
 * what libcurl makes of it later is a consequence. */
#include "operation.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

hg_op *hg_op_new(hg_op_kind kind, int64_t due, long owner) {
    hg_op *op = calloc(1, sizeof *op);
    if (!op)
        return NULL;
    op->kind = kind;
    op->refs = 1;
    op->due = due;
    op->owner = owner;
    return op;
}

hg_op *hg_op_ref(hg_op *op) {
    op->refs++;
    return op;
}

void hg_op_unref(hg_op *op) {
    if (--op->refs > 0)
        return;
    if (op->dispose)
        op->dispose(op);
    if (op->notification)
        hg_op_unref(op->notification);
    free(op->message);
    free(op);
}

void hg_op_fail(hg_op *op, hg_failure_kind failure, const char *format, ...) {
    char message[HG_FAILURE_TEXT];
    va_list arguments;
    if (op->failure)
        return;
    op->failure = failure;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    op->message = strdup(message);
}

void hg_op_notify(hg_op *op, hg_queue *notified) {
    if (!op->notification)
        return;
    if (!op->notification->done)
        hg_queue_add(notified, op->notification);
    hg_op_unref(op->notification);
    op->notification = NULL;
}
