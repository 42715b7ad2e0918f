/* Where the body of an answer goes: into memory, into a file, or bit by bit to the owner of the
 * job.
 *
 * What is taken while it comes is held back by pausing: a file until the owner has seen the head of
 * the answer and said where to write, a stream while enough is there that nobody has taken. Whoever
 * waits for that waits for a job as always: the news. */
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

/* ---- news ---- */

bool hg_job_has_news(const hg_job *j) {
    return j->done || (j->to_owner && j->content.len > 0) || (j->head_came && !j->head_told);
}

void hg_job_tell(hg_job *j, hg_queue *told) {
    if (!j->news)
        return;
    j->head_told = j->head_came;
    if (!j->news->done)
        hg_queue_add(told, j->news);
    hg_job_unref(j->news);
    j->news = NULL;
}

/* The empty line after the last header of an answer that is not 100 Continue or the like. */
void hg_job_on_head_end(hg_handle *h) {
    hg_job *j = h->job;
    if (!j->output && !j->stream)
        return;
    curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &j->status);
    if (j->status < 200 || j->head_came)
        return;
    j->head_came = true;
    hg_job_tell(j, &h->pool->told);
}

/* ---- the body ---- */

static bool write_output(hg_job *j, const char *data, size_t len) {
    if (hg_output_write(j->output, &j->output_at, data, len))
        return true;
    j->no_space = hg_output_is_full(errno);
    hg_job_fail(j, HG_FAIL_FILE, "cannot write %.200s: %s", j->output->path, strerror(errno));
    return false;
}

static bool is_held_back(const hg_job *j, size_t len) {
    if (j->to_file)
        return !j->accepted;
    return j->to_owner && j->content.len > 0 && j->content.len + len > AHEAD;
}

/* libcurl hands the same bytes over again when it is resumed. */
static size_t pause_it(hg_job *j, hg_queue *queue) {
    j->paused = true;
    if (queue)
        hg_queue_add(queue, j);
    return CURL_WRITEFUNC_PAUSE;
}

size_t hg_job_on_body(char *data, size_t size, size_t n, void *handle) {
    hg_handle *h = handle;
    hg_job *j = h->job;
    size_t len = size * n;
    if (j->done)
        return len; /* see detach in engine.c */
    if (j->received == 0) {
        curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &j->status);
        bool good = j->status >= 200 && j->status < 300;
        j->to_file = j->output && good;
        j->to_owner = j->stream && good;
    }
    if (j->failure)
        return 0; /* a write that failed while it was resumed: nothing may follow it */
    if (is_held_back(j, len))
        return pause_it(j, NULL);
    if (j->to_file && !j->resumed && h->pool->step_end && hg_now() > h->pool->step_end)
        return pause_it(j, &h->pool->paused); /* the next step resumes it */
    if (j->max_bytes && j->received + len > j->max_bytes) {
        char cap[32];
        snprintf(cap, sizeof cap, "%llu", (unsigned long long)j->max_bytes);
        hg_job_fail(j, HG_FAIL_TOO_LARGE, "the answer is larger than %s bytes%s", cap, "");
        return 0;
    }
    j->resumed = false;
    j->received += len;
    if (j->to_file)
        return write_output(j, data, len) ? len : 0;
    if ((j->output || j->stream) && !j->to_owner && j->content.len + len > MAX_PROBLEM)
        return len;
    if (!hg_buf_add(&j->content, data, len))
        return 0;
    if (j->to_owner)
        hg_job_tell(j, &h->pool->told);
    return len;
}

/* ---- the owner's part ---- */

static void go_on(hg_job *j) {
    if (!j->done && j->paused && !j->queue)
        hg_queue_add(&j->handle->pool->paused, j);
}

bool hg_job_accept(hg_job *j, uint64_t at, char message[HG_MESSAGE]) {
    int64_t size = hg_output_size(j->output);
    if (size < 0 || (uint64_t)size < at) {
        snprintf(message, HG_MESSAGE, "output: %.200s has fewer bytes than that", j->output->path);
        return false;
    }
    if ((uint64_t)size > at && !hg_output_truncate(j->output, at)) {
        snprintf(message, HG_MESSAGE, "output: cannot cut off %.200s: %s", j->output->path,
                 strerror(errno));
        return false;
    }
    j->output_at = at;
    j->accepted = true;
    go_on(j);
    return true;
}

const char *hg_job_take(hg_job *j, size_t *len) {
    *len = j->to_owner ? j->content.len : 0;
    return j->content.data;
}

void hg_job_taken(hg_job *j) {
    if (!j->to_owner)
        return;
    if (j->done)
        hg_buf_free(&j->content);
    j->content.len = 0;
    go_on(j);
}
