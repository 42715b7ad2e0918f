/* One HTTP exchange: what was asked, what came back, and "was it sent?". */
#include "exchange.h"

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

static bool open_inputs(hg_exchange *x, const hg_request *r, hg_failure *failure) {
    size_t n = r->segments ? 1 : r->parts_len;
    if (n == 0)
        return true;
    x->inputs = calloc(n, sizeof *x->inputs);
    while (x->inputs && x->inputs_len < n) {
        hg_input *in = &x->inputs[x->inputs_len];
        const hg_segment *list = r->segments ? r->segments : &r->parts[x->inputs_len].content;
        in->exchange = x;
        x->inputs_len++;
        if (!hg_body_open(&in->body, list, r->segments ? r->segments_len : 1, failure))
            return false;
    }
    if (x->inputs && r->segments)
        x->sent_total = x->inputs->body.size;
    return x->inputs != NULL;
}

static bool open_output(hg_exchange *x, const hg_request *r, hg_failure *failure) {
    if (r->output)
        x->output = hg_output_ref(r->output);
    else if (hg_output_open(r->output_path, false, &x->output, failure) != HG_OPENED)
        return false;
    x->accepted = !r->output;
    return true;
}

void hg_exchange_release(hg_exchange *x) {
    hg_headers_unref(x->headers);
    x->headers = NULL;
    free(x->body);
    x->body = NULL;
    curl_mime_free(x->mime);
    x->mime = NULL;
    while (x->inputs_len > 0)
        hg_body_free(&x->inputs[--x->inputs_len].body);
    free(x->inputs);
    x->inputs = NULL;
}

static void dispose(hg_op *op) {
    hg_exchange *x = (hg_exchange *)(void *)op; /* only exchanges have this disposer */
    hg_exchange_release(x);
    if (x->output)
        hg_output_unref(x->output);
    hg_buf_free(&x->head);
    hg_buf_free(&x->content);
}

int64_t hg_exchange_due(const hg_exchange *x, int64_t now) {
    int64_t due = x->timeout ? now + x->timeout : HG_NEVER;
    /* One that waits for its connection for more than half of what is left is not sent any more:
     * its answer would come too late, and what it made would be unknown. */
    int64_t end = x->end && x->fresh && !x->started ? now + (x->end - now) / 2 : x->end;
    return end && end < due ? end : due;
}

hg_exchange *hg_exchange_new(const hg_request *r, hg_failure *failure) {
    hg_failure_no_memory(failure);
    hg_exchange *x = calloc(1, sizeof *x);
    if (!x)
        return NULL;
    x->op.kind = HG_OP_EXCHANGE;
    x->op.refs = 1;
    x->op.dispose = dispose;
    x->stream = r->stream;
    x->max_bytes = r->max_bytes;
    x->op.owner = r->owner;
    x->fresh = r->fresh;
    x->timeout = r->timeout;
    x->end = r->end;
    x->op.due = hg_exchange_due(x, hg_now());
    if (r->headers)
        x->headers = hg_headers_ref(r->headers);
    bool ok = true;
    if (r->body) { /* CURLOPT_POSTFIELDS does not copy, so the exchange keeps the bytes */
        x->body = malloc(r->body_len + 1);
        ok = x->body != NULL;
        if (ok)
            memcpy(x->body, r->body, r->body_len);
        x->sent_total = (curl_off_t)r->body_len;
    }
    if (ok)
        ok = open_inputs(x, r, failure);
    if (ok && (r->output_path || r->output))
        ok = open_output(x, r, failure);
    if (ok)
        return x;
    hg_op_unref(&x->op);
    return NULL;
}

/* ---- libcurl's callbacks ---- */

/* libcurl is about to send a fresh request again. It does that for a connection that others have
 * used as well, which proves nothing; or because the stream was refused (REFUSED_STREAM): no
 * others were there, and it has noted no error. HTTP_1_1_REQUIRED, which proves nothing either, is
 * noted. A GOAWAY with a lower number would prove as much, but libcurl (7.88) does not tell it. */
static bool was_refused(const hg_handle *h) {
    const hg_exchange *x = h->exchange;
    return x->lonely && x->begun == h->pool->begun && !x->answered && !h->error[0];
}

int hg_exchange_on_start(void *handle, char *to, char *from, int to_port, int from_port) {
    (void)to, (void)from, (void)to_port;
    hg_handle *h = handle;
    hg_exchange *x = h->exchange;
    int64_t now = hg_now();
    if (x->fresh && x->started) {
        /* Over HTTP/2 others may have joined the connection that was opened for it. libcurl then
         * takes it for a reused one, and is about to repeat what was unanswered when it broke. */
        x->refused = was_refused(h);
        hg_op_fail(&x->op, HG_FAIL_NETWORK,
                   x->refused ? "the server refused the stream before it did anything"
                              : "the connection ended before an answer");
        return CURL_PREREQFUNC_ABORT;
    }
    if (x->fresh && now >= x->op.due) {
        /* Sent now, it might be cut off before its answer, and what it made would be unknown. */
        hg_op_fail(&x->op, HG_FAIL_TIMEOUT, "no connection became free within the timeout");
        return CURL_PREREQFUNC_ABORT;
    }
    if (x->fresh && x->op.timed) { /* from here on it has its whole time, and no more */
        hg_timers_remove(h->pool->timers, &x->op);
        x->started = true;
        x->op.due = hg_exchange_due(x, now);
        hg_timers_add(h->pool->timers, &x->op); /* where one was taken out there is room */
    }
    x->lonely = h->pool->running == 1;
    x->begun = h->pool->begun;
    hg_handle_on_connected(h, from_port);
    x->started = true;
    hg_gate_sent(x);
    return CURL_PREREQFUNC_OK;
}

size_t hg_exchange_on_header(char *data, size_t size, size_t n, void *handle) {
    hg_handle *h = handle;
    hg_exchange *x = h->exchange;
    size_t len = size * n;
    hg_flood_ebbs(&h->pool->flood);
    if (len >= 5 &&
        memcmp(data, "HTTP/", 5) == 0) /* 100 Continue and the like are followed by more */
        x->head.len = 0;
    x->answered = true;
    if (x->head.len + len > MAX_HEAD) {
        hg_op_fail(&x->op, HG_FAIL_TOO_LARGE, "the headers of the answer are larger than 256 kB");
        return 0;
    }
    if (!hg_buf_add(&x->head, data, len)) {
        hg_op_fail(&x->op, HG_FAIL_NETWORK, "out of memory");
        return 0;
    }
    if (len <= 2)
        hg_exchange_on_head_end(handle);
    return len;
}

size_t hg_exchange_on_read(char *to, size_t size, size_t n, void *input) {
    hg_input *in = input;
    hg_failure failure;
    int64_t got = hg_body_read(&in->body, to, size * n, &failure);
    if (got >= 0)
        return (size_t)got;
    hg_op_fail(&in->exchange->op, failure.kind, "%s", failure.text);
    return CURL_READFUNC_ABORT;
}

int hg_exchange_on_seek(void *input, curl_off_t offset, int origin) {
    hg_input *in = input;
    if (origin != SEEK_SET || !hg_body_seek(&in->body, offset))
        return CURL_SEEKFUNC_CANTSEEK;
    return CURL_SEEKFUNC_OK;
}

bool hg_exchange_keep(hg_exchange *x) {
    for (size_t i = 0; i < x->inputs_len; i++)
        if (!hg_body_keep(&x->inputs[i].body))
            return false;
    return true;
}

/* ---- the end ---- */

static bool has_whole_head(const hg_exchange *x) {
    return x->head.len >= 4 && memcmp(x->head.data + x->head.len - 4, "\r\n\r\n", 4) == 0;
}

static hg_failure_kind classify(const hg_exchange *x, CURLcode code) {
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
        return x->started ? HG_FAIL_PARSE : HG_FAIL_INVALID;
#if LIBCURL_VERSION_NUM >= 0x080600
    case CURLE_TOO_LARGE:
        return x->started && !has_whole_head(x) ? HG_FAIL_TOO_LARGE : HG_FAIL_NETWORK;
#else
    case CURLE_OUT_OF_MEMORY: /* also said of a header line over libcurl's limit */
        return x->started && !has_whole_head(x) && !x->cause ? HG_FAIL_TOO_LARGE : HG_FAIL_NETWORK;
#endif
    default:
        return HG_FAIL_NETWORK;
    }
}

/* Copies what the easy handle knows, as it will serve another operation. */
static void collect(hg_exchange *x, CURL *easy) {
    static const CURLINFO TIMES[HG_TIMINGS] = {
        CURLINFO_NAMELOOKUP_TIME_T,  CURLINFO_CONNECT_TIME_T,       CURLINFO_APPCONNECT_TIME_T,
        CURLINFO_PRETRANSFER_TIME_T, CURLINFO_STARTTRANSFER_TIME_T, CURLINFO_TOTAL_TIME_T};
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &x->status);
    curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &x->http_version);
    curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &x->connects);
    curl_easy_getinfo(easy, CURLINFO_SIZE_UPLOAD_T, &x->sent_bytes);
    curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &x->received_total);
    if (x->mime)
        curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_UPLOAD_T, &x->sent_total);
    for (int i = 0; i < HG_TIMINGS; i++)
        curl_easy_getinfo(easy, TIMES[i], &x->times[i]);
}

void hg_exchange_refresh(hg_exchange *x) {
    if (x->handle && !x->op.done && !x->held)
        collect(x, x->handle->easy);
}

/* A full disk or quota may show only now. Of a file that others hold as well: see fsync.c. */
static void close_output(hg_exchange *x) {
    char path[HG_FAILURE_TEXT];
    if (!x->output)
        return;
    snprintf(path, sizeof path, "%s", x->output->path);
    if (!hg_output_unref(x->output) && !x->op.failure)
        hg_op_fail(&x->op, HG_FAIL_FILE, "cannot write %.200s: %s", path, strerror(errno));
    x->output = NULL;
}

void hg_exchange_finish(hg_exchange *x, CURLcode code, const char *detail) {
    if (!x->held) /* else the handle knows of an earlier operation at most */
        collect(x, x->handle->easy);
    if (x->has_problem && (code == CURLE_WRITE_ERROR || code == CURLE_OPERATION_TIMEDOUT))
        code = CURLE_OK; /* enough of it has come */
    x->op.curl_code = (int)code;
    hg_failure_kind failure = classify(x, code);
    if (failure == HG_FAIL_TOO_LARGE)
        hg_op_fail(&x->op, failure, "a header of the answer is too large");
    else if (failure)
        hg_op_fail(&x->op, failure, "%s", detail && *detail ? detail : curl_easy_strerror(code));
    close_output(x);
    x->op.done = true;
}

void hg_exchange_abandon(hg_exchange *x, hg_failure_kind failure, const char *why) {
    if (x->handle && !x->held)
        collect(x, x->handle->easy);
    hg_op_fail(&x->op, failure, "%s", why);
    close_output(x);
    x->op.done = true;
}

hg_sent hg_exchange_sent(const hg_exchange *x) {
    return x->answered ? HG_SENT_YES : x->started && !x->refused ? HG_SENT_MAYBE : HG_SENT_NO;
}

void hg_exchange_drop_content(hg_exchange *x) {
    hg_buf_free(&x->content);
}

const char *hg_exchange_header(const hg_exchange *x, const char *name, size_t *len) {
    size_t name_len = strlen(name);
    const char *found = NULL;
    const char *end = x->head.data ? x->head.data + x->head.len : NULL;
    for (const char *line = x->head.data; line < end;) {
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
