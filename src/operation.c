/* One HTTP exchange, or one timer: what was asked, what came back, and "was it sent?". */
#include "operation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "handle.h"
#include "start_gate.h"
#include "timers.h"

enum { MAX_HEAD = 256 * 1024 }; /* all header lines of one answer */

/* ---- life ---- */

static bool open_inputs(hg_op *op, const hg_request *r, char message[HG_MESSAGE]) {
    size_t n = r->segments ? 1 : r->parts_len;
    if (n == 0)
        return true;
    op->inputs = calloc(n, sizeof *op->inputs);
    while (op->inputs && op->inputs_len < n) {
        hg_input *in = &op->inputs[op->inputs_len];
        const hg_segment *list = r->segments ? r->segments : &r->parts[op->inputs_len].content;
        in->op = op;
        op->inputs_len++;
        if (!hg_body_open(&in->body, list, r->segments ? r->segments_len : 1, message))
            return false;
    }
    if (op->inputs && r->segments)
        op->sent_total = op->inputs->body.size;
    return op->inputs != NULL;
}

static bool open_output(hg_op *op, const hg_request *r, char message[HG_MESSAGE]) {
    if (r->output)
        op->output = hg_output_ref(r->output);
    else if (hg_output_open(r->output_path, false, &op->output, message) != HG_OPENED)
        return false;
    op->accepted = !r->output;
    return true;
}

hg_op *hg_op_new(const hg_request *r, char message[HG_MESSAGE]) {
    snprintf(message, HG_MESSAGE, "out of memory");
    hg_op *op = calloc(1, sizeof *op);
    if (!op)
        return NULL;
    op->refs = 1;
    op->stream = r->stream;
    op->max_bytes = r->max_bytes;
    op->owner = r->owner;
    if (r->fresh) {
        op->fresh = true;
        op->born = hg_now();
        op->patience = r->timeout_ms * INT64_C(1000000);
    }
    if (r->headers)
        op->headers = hg_headers_ref(r->headers);
    bool ok = true;
    if (r->body) { /* CURLOPT_POSTFIELDS does not copy, so the operation keeps the bytes */
        op->body = malloc(r->body_len + 1);
        ok = op->body != NULL;
        if (ok)
            memcpy(op->body, r->body, r->body_len);
        op->sent_total = (curl_off_t)r->body_len;
    }
    if (ok)
        ok = open_inputs(op, r, message);
    if (ok && (r->output_path || r->output))
        ok = open_output(op, r, message);
    if (ok)
        return op;
    hg_op_unref(op);
    return NULL;
}

hg_op *hg_op_timer(int64_t due) {
    hg_op *op = calloc(1, sizeof *op);
    if (!op)
        return NULL;
    op->refs = 1;
    op->timer = true;
    op->due = due;
    return op;
}

hg_op *hg_op_ref(hg_op *op) {
    op->refs++;
    return op;
}

void hg_op_release(hg_op *op) {
    hg_headers_unref(op->headers);
    op->headers = NULL;
    free(op->body);
    op->body = NULL;
    curl_mime_free(op->mime);
    op->mime = NULL;
    while (op->inputs_len > 0)
        hg_body_free(&op->inputs[--op->inputs_len].body);
    free(op->inputs);
    op->inputs = NULL;
}

void hg_op_unref(hg_op *op) {
    if (--op->refs > 0)
        return;
    hg_op_release(op);
    if (op->output)
        hg_output_unref(op->output);
    if (op->notification)
        hg_op_unref(op->notification);
    hg_buf_free(&op->head);
    hg_buf_free(&op->content);
    free(op->message);
    free(op);
}

/* ---- libcurl's callbacks ---- */

static void fail(hg_op *op, hg_failure failure, const char *format, const char *a, const char *b) {
    char message[HG_MESSAGE];
    if (op->failure)
        return; /* the first reason is the cause */
    op->failure = failure;
    snprintf(message, sizeof message, format, a, b);
    op->message = strdup(message);
}

void hg_op_fail(hg_op *op, hg_failure failure, const char *format, const char *a, const char *b) {
    fail(op, failure, format, a, b);
}

int hg_op_on_start(void *handle, char *to, char *from, int to_port, int from_port) {
    (void)to, (void)from, (void)to_port, (void)from_port;
    hg_op *op = ((hg_handle *)handle)->op;
    if (op->fresh && op->started) {
        /* Over HTTP/2 others may have joined the connection that was opened for it. libcurl then
         * takes it for a reused one, and is about to repeat what was unanswered when it broke. */
        fail(op, HG_FAIL_NETWORK, "the connection ended before an answer%s%s", "", "");
        return CURL_PREREQFUNC_ABORT;
    }
    if (op->fresh && op->patience && hg_now() - op->born > op->patience) {
        /* Sent now, it might be cut off before its answer, and nobody would know what it made. */
        fail(op, HG_FAIL_TIMEOUT, "no connection became free within the timeout%s%s", "", "");
        return CURL_PREREQFUNC_ABORT;
    }
    if (op->fresh && op->patience) { /* from here on it has its whole time, and no more */
        hg_timers *timers = ((hg_handle *)handle)->pool->timers;
        if (op->timed)
            hg_timers_remove(timers, op);
        op->due = hg_now() + op->patience;
        if (!hg_timers_add(timers, op)) {
            fail(op, HG_FAIL_NETWORK, "out of memory%s%s", "", "");
            return CURL_PREREQFUNC_ABORT;
        }
    }
    op->started = true;
    hg_gate_leave(op);
    return CURL_PREREQFUNC_OK;
}

size_t hg_op_on_header(char *data, size_t size, size_t n, void *handle) {
    hg_op *op = ((hg_handle *)handle)->op;
    size_t len = size * n;
    if (len >= 5 &&
        memcmp(data, "HTTP/", 5) == 0) /* 100 Continue and the like are followed by more */
        op->head.len = 0;
    op->answered = true;
    if (op->head.len + len > MAX_HEAD) {
        fail(op, HG_FAIL_TOO_LARGE, "the headers of the answer are larger than 256 kB", "", "");
        return 0;
    }
    if (!hg_buf_add(&op->head, data, len))
        return 0;
    if (len <= 2)
        hg_op_on_head_end(handle);
    return len;
}

size_t hg_op_on_read(char *to, size_t size, size_t n, void *input) {
    hg_input *in = input;
    char message[HG_MESSAGE];
    int64_t got = hg_body_read(&in->body, to, size * n, message);
    if (got >= 0)
        return (size_t)got;
    fail(in->op, HG_FAIL_FILE, "%s%s", message, "");
    return CURL_READFUNC_ABORT;
}

int hg_op_on_seek(void *input, curl_off_t offset, int origin) {
    hg_input *in = input;
    if (origin != SEEK_SET || !hg_body_seek(&in->body, offset))
        return CURL_SEEKFUNC_CANTSEEK;
    return CURL_SEEKFUNC_OK;
}

bool hg_op_keep(hg_op *op) {
    for (size_t i = 0; i < op->inputs_len; i++)
        if (!hg_body_keep(&op->inputs[i].body))
            return false;
    return true;
}

/* ---- the end ---- */

static hg_failure classify(const hg_op *op, CURLcode code) {
    switch (code) {
    case CURLE_OK:
        return HG_OK;
    case CURLE_OPERATION_TIMEDOUT:
        return HG_FAIL_TIMEOUT;
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_WEIRD_SERVER_REPLY:
        return HG_FAIL_PARSE;
    case CURLE_UNSUPPORTED_PROTOCOL: /* also said of an answer that is not HTTP */
    case CURLE_URL_MALFORMAT:
        return op->started ? HG_FAIL_PARSE : HG_FAIL_INVALID;
    case CURLE_OUT_OF_MEMORY: /* what libcurl says of a header line over its limit */
#if LIBCURL_VERSION_NUM >= 0x080600
    case CURLE_TOO_LARGE:
#endif
        return op->started ? HG_FAIL_TOO_LARGE : HG_FAIL_NETWORK;
    default:
        return HG_FAIL_NETWORK;
    }
}

/* Copies what the easy handle knows, as it goes on to serve another operation. */
static void collect(hg_op *op, CURL *easy) {
    static const CURLINFO TIMES[HG_TIMINGS] = {
        CURLINFO_NAMELOOKUP_TIME_T,  CURLINFO_CONNECT_TIME_T,       CURLINFO_APPCONNECT_TIME_T,
        CURLINFO_PRETRANSFER_TIME_T, CURLINFO_STARTTRANSFER_TIME_T, CURLINFO_TOTAL_TIME_T};
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &op->status);
    curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &op->http_version);
    curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &op->connects);
    curl_easy_getinfo(easy, CURLINFO_SIZE_UPLOAD_T, &op->sent_bytes);
    curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &op->received_total);
    if (op->mime)
        curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_UPLOAD_T, &op->sent_total);
    for (int i = 0; i < HG_TIMINGS; i++)
        curl_easy_getinfo(easy, TIMES[i], &op->times[i]);
}

void hg_op_refresh(hg_op *op) {
    if (op->handle && !op->done && !op->held)
        collect(op, op->handle->easy);
}

/* A full disk or quota may show only now. Of a file that others hold as well: see fsync.c. */
static void close_output(hg_op *op) {
    char path[HG_MESSAGE];
    if (!op->output)
        return;
    snprintf(path, sizeof path, "%s", op->output->path);
    if (!hg_output_unref(op->output) && !op->failure)
        fail(op, HG_FAIL_FILE, "cannot write %.200s: %s", path, strerror(errno));
    op->output = NULL;
}

void hg_op_finish(hg_op *op, CURLcode code, const char *detail) {
    if (!op->held) /* else the handle knows of an earlier operation at most */
        collect(op, op->handle->easy);
    op->curl_code = (int)code;
    hg_failure failure = classify(op, code);
    if (failure == HG_FAIL_TOO_LARGE)
        fail(op, failure, "a header of the answer is too large%s%s", "", "");
    else if (failure)
        fail(op, failure, "%s%s", detail && *detail ? detail : curl_easy_strerror(code), "");
    close_output(op);
    op->done = true;
}

void hg_op_abandon(hg_op *op, hg_failure failure, const char *why) {
    if (op->handle && !op->held)
        collect(op, op->handle->easy);
    fail(op, failure, "%s%s", why, "");
    close_output(op);
    op->done = true;
}

hg_sent hg_op_sent(const hg_op *op) {
    return op->answered ? HG_SENT_YES : op->started ? HG_SENT_MAYBE : HG_SENT_NO;
}

void hg_op_drop_content(hg_op *op) {
    hg_buf_free(&op->content);
}

const char *hg_op_header(const hg_op *op, const char *name, size_t *len) {
    size_t name_len = strlen(name);
    const char *found = NULL;
    const char *end = op->head.data ? op->head.data + op->head.len : NULL;
    for (const char *line = op->head.data; line < end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        if (!stop)
            stop = end;
        if ((size_t)(stop - line) > name_len && line[name_len] == ':' &&
            strncasecmp(line, name, name_len) == 0) {
            const char *value = line + name_len + 1, *last = stop;
            while (value < last && (*value == ' ' || *value == '\t'))
                value++;
            while (last > value && (last[-1] == '\r' || last[-1] == ' ' || last[-1] == '\t'))
                last--;
            found = value;
            *len = (size_t)(last - value);
        }
        line = stop + 1;
    }
    return found;
}
