/* Where the body of an answer goes: into memory, into a file, or bit by bit to the owner of the
 * operation.
 *
 * What is taken while it comes is held back by pausing: a file until the owner has seen the head of
 * the answer and said where to write, a stream while enough waits to be taken. A caller that
 * waits for that waits for an operation as always: the notification. */
#include <errno.h>
#include <string.h>

#include "exchange.h"
#include "handle.h"
#include "timers.h"

enum {
    AHEAD = 128 * 1024, /* of a stream that its owner has not taken */
    MAX_PROBLEM =
        256 * 1024 /* of an error body where a file was wanted: enough to read the reason */
};

/* The same in time, from the head on. Its end may never come. */
static const int64_t PROBLEM_TIME = 5 * HG_SECOND;

/* ---- notifications ---- */

bool hg_exchange_has_changed(const hg_exchange *x) {
    return x->op.done || (x->to_owner && x->content.len > 0) || (x->head_came && !x->head_notified);
}

void hg_exchange_notify(hg_exchange *x, hg_queue *notified) {
    if (x->op.notification)
        x->head_notified = x->head_came;
    hg_op_notify(&x->op, notified);
}

/* The empty line after the last header of an answer that is not 100 Continue or the like. */
void hg_exchange_on_head_end(hg_handle *h) {
    hg_exchange *x = h->exchange;
    if (!x->output && !x->stream)
        return;
    curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &x->status);
    if (x->status < 200 || x->head_came)
        return;
    x->head_came = true;
    if (x->status >= 300) {
        int64_t due = hg_now() + PROBLEM_TIME;
        x->has_problem = true;
        if (x->op.timed && due < x->op.due) {
            hg_timers_remove(h->pool->timers, &x->op);
            x->op.due = due;
            hg_timers_add(h->pool->timers, &x->op); /* where one was taken out there is room */
        }
    }
    hg_exchange_notify(x, &h->pool->notified);
}

/* ---- the body ---- */

static bool write_output(hg_exchange *x, const char *data, size_t len) {
    if (hg_output_write(x->output, &x->output_at, data, len))
        return true;
    x->op.no_space = hg_output_is_full(errno);
    hg_op_fail(&x->op, HG_FAIL_FILE, "cannot write %.200s: %s", x->output->path, strerror(errno));
    return false;
}

static bool is_held_back(const hg_exchange *x, size_t len) {
    if (x->to_file)
        return !x->accepted;
    return x->to_owner && x->content.len > 0 && x->content.len + len > AHEAD;
}

/* libcurl hands the same bytes over again when it is resumed. */
static size_t pause_it(hg_exchange *x, hg_queue *queue) {
    x->paused = true;
    if (queue)
        hg_queue_add(queue, &x->op);
    return CURL_WRITEFUNC_PAUSE;
}

size_t hg_exchange_on_body(char *data, size_t size, size_t n, void *handle) {
    hg_handle *h = handle;
    hg_exchange *x = h->exchange;
    size_t len = size * n;
    hg_flood_ebbs(&h->pool->flood);
    if (x->op.done)
        return len; /* see detach in engine.c */
    if (x->received == 0) {
        curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &x->status);
        bool good = x->status >= 200 && x->status < 300;
        x->to_file = x->output && good;
        x->to_owner = x->stream && good;
    }
    if (x->op.failure)
        return 0; /* a write that failed while it was resumed: nothing may follow it */
    if (is_held_back(x, len))
        return pause_it(x, NULL);
    if (x->to_file && !x->resumed && h->pool->step_end && hg_now() > h->pool->step_end)
        return pause_it(x, &h->pool->paused); /* the next step resumes it */
    if (x->max_bytes && x->received + len > x->max_bytes) {
        hg_op_fail(&x->op, HG_FAIL_TOO_LARGE, "the answer is larger than %llu bytes",
                   (unsigned long long)x->max_bytes);
        return 0;
    }
    x->resumed = false;
    x->received += len;
    if (x->to_file)
        return write_output(x, data, len) ? len : 0;
    if (x->has_problem && x->content.len + len > MAX_PROBLEM)
        return 0; /* hg_exchange_finish knows that it is no failure */
    if (!hg_buf_add(&x->content, data, len)) {
        hg_op_fail(&x->op, HG_FAIL_NETWORK, "out of memory");
        return 0;
    }
    if (x->to_owner)
        hg_exchange_notify(x, &h->pool->notified);
    return len;
}

/* ---- the owner's part ---- */

static void go_on(hg_exchange *x) {
    if (!x->op.done && x->paused && !x->op.queue)
        hg_queue_add(&x->handle->pool->paused, &x->op);
}

bool hg_exchange_accept(hg_exchange *x, uint64_t at, hg_failure *failure) {
    int64_t size = hg_output_size(x->output);
    if (size < 0 || (uint64_t)size < at)
        return hg_failure_set(failure, HG_FAIL_FILE, "%.200s has fewer bytes than that",
                              x->output->path);
    if ((uint64_t)size > at && !hg_output_truncate(x->output, at))
        return hg_failure_set(failure, HG_FAIL_FILE, "cannot cut off %.200s: %s", x->output->path,
                              strerror(errno));
    x->output_at = at;
    x->accepted = true;
    go_on(x);
    return true;
}

const char *hg_exchange_take(hg_exchange *x, size_t *len) {
    *len = x->to_owner ? x->content.len : 0;
    return x->content.data;
}

void hg_exchange_taken(hg_exchange *x) {
    if (!x->to_owner)
        return;
    if (x->op.done)
        hg_buf_free(&x->content);
    x->content.len = 0;
    go_on(x);
}
