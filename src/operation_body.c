/* Where the body of an answer goes: into memory, into a file, or bit by bit to the owner of the
 * operation.
 *
 * What is taken while it comes is held back by pausing: a file until the owner has seen the head of
 * the answer and said where to write, a stream while enough is there that nobody has taken. Whoever
 * waits for that waits for an operation as always: the notification. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "handle.h"
#include "operation.h"

enum {
    AHEAD = 128 * 1024, /* of a stream that its owner has not taken */
    MAX_PROBLEM =
        256 * 1024 /* of an error body where a file was wanted: enough to read the reason */
};

/* ---- notifications ---- */

bool hg_op_has_changed(const hg_op *op) {
    return op->done || (op->to_owner && op->content.len > 0) ||
           (op->head_came && !op->head_notified);
}

void hg_op_notify(hg_op *op, hg_queue *notified) {
    if (!op->notification)
        return;
    op->head_notified = op->head_came;
    if (!op->notification->done)
        hg_queue_add(notified, op->notification);
    hg_op_unref(op->notification);
    op->notification = NULL;
}

/* The empty line after the last header of an answer that is not 100 Continue or the like. */
void hg_op_on_head_end(hg_handle *h) {
    hg_op *op = h->op;
    if (!op->output && !op->stream)
        return;
    curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &op->status);
    if (op->status < 200 || op->head_came)
        return;
    op->head_came = true;
    hg_op_notify(op, &h->pool->notified);
}

/* ---- the body ---- */

static bool write_output(hg_op *op, const char *data, size_t len) {
    if (hg_output_write(op->output, &op->output_at, data, len))
        return true;
    op->no_space = hg_output_is_full(errno);
    hg_op_fail(op, HG_FAIL_FILE, "cannot write %.200s: %s", op->output->path, strerror(errno));
    return false;
}

static bool is_held_back(const hg_op *op, size_t len) {
    if (op->to_file)
        return !op->accepted;
    return op->to_owner && op->content.len > 0 && op->content.len + len > AHEAD;
}

/* libcurl hands the same bytes over again when it is resumed. */
static size_t pause_it(hg_op *op, hg_queue *queue) {
    op->paused = true;
    if (queue)
        hg_queue_add(queue, op);
    return CURL_WRITEFUNC_PAUSE;
}

size_t hg_op_on_body(char *data, size_t size, size_t n, void *handle) {
    hg_handle *h = handle;
    hg_op *op = h->op;
    size_t len = size * n;
    if (op->done)
        return len; /* see detach in engine.c */
    if (op->received == 0) {
        curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &op->status);
        bool good = op->status >= 200 && op->status < 300;
        op->to_file = op->output && good;
        op->to_owner = op->stream && good;
    }
    if (op->failure)
        return 0; /* a write that failed while it was resumed: nothing may follow it */
    if (is_held_back(op, len))
        return pause_it(op, NULL);
    if (op->to_file && !op->resumed && h->pool->step_end && hg_now() > h->pool->step_end)
        return pause_it(op, &h->pool->paused); /* the next step resumes it */
    if (op->max_bytes && op->received + len > op->max_bytes) {
        char cap[32];
        snprintf(cap, sizeof cap, "%llu", (unsigned long long)op->max_bytes);
        hg_op_fail(op, HG_FAIL_TOO_LARGE, "the answer is larger than %s bytes%s", cap, "");
        return 0;
    }
    op->resumed = false;
    op->received += len;
    if (op->to_file)
        return write_output(op, data, len) ? len : 0;
    if ((op->output || op->stream) && !op->to_owner && op->content.len + len > MAX_PROBLEM)
        return len;
    if (!hg_buf_add(&op->content, data, len))
        return 0;
    if (op->to_owner)
        hg_op_notify(op, &h->pool->notified);
    return len;
}

/* ---- the owner's part ---- */

static void go_on(hg_op *op) {
    if (!op->done && op->paused && !op->queue)
        hg_queue_add(&op->handle->pool->paused, op);
}

bool hg_op_accept(hg_op *op, uint64_t at, char message[HG_MESSAGE]) {
    int64_t size = hg_output_size(op->output);
    if (size < 0 || (uint64_t)size < at) {
        snprintf(message, HG_MESSAGE, "output: %.200s has fewer bytes than that", op->output->path);
        return false;
    }
    if ((uint64_t)size > at && !hg_output_truncate(op->output, at)) {
        snprintf(message, HG_MESSAGE, "output: cannot cut off %.200s: %s", op->output->path,
                 strerror(errno));
        return false;
    }
    op->output_at = at;
    op->accepted = true;
    go_on(op);
    return true;
}

const char *hg_op_take(hg_op *op, size_t *len) {
    *len = op->to_owner ? op->content.len : 0;
    return op->content.data;
}

void hg_op_taken(hg_op *op) {
    if (!op->to_owner)
        return;
    if (op->done)
        hg_buf_free(&op->content);
    op->content.len = 0;
    go_on(op);
}
