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

static bool open_inputs(hg_job *j, const hg_request *r, char message[HG_MESSAGE]) {
    size_t n = r->segments ? 1 : r->parts_len;
    if (n == 0)
        return true;
    j->inputs = calloc(n, sizeof *j->inputs);
    while (j->inputs && j->inputs_len < n) {
        hg_input *in = &j->inputs[j->inputs_len];
        const hg_segment *list = r->segments ? r->segments : &r->parts[j->inputs_len].content;
        in->job = j;
        j->inputs_len++;
        if (!hg_body_open(&in->body, list, r->segments ? r->segments_len : 1, message))
            return false;
    }
    if (j->inputs && r->segments)
        j->sent_total = j->inputs->body.size;
    return j->inputs != NULL;
}

static bool open_output(hg_job *j, const hg_request *r, char message[HG_MESSAGE]) {
    if (r->place)
        j->output = hg_output_ref(r->place);
    else if (hg_output_open(r->output, false, &j->output, message) != HG_OPENED)
        return false;
    j->accepted = !r->place;
    return true;
}

hg_job *hg_job_new(const hg_request *r, char message[HG_MESSAGE]) {
    snprintf(message, HG_MESSAGE, "out of memory");
    hg_job *j = calloc(1, sizeof *j);
    if (!j)
        return NULL;
    j->refs = 1;
    j->stream = r->stream;
    j->max_bytes = r->max_bytes;
    j->group = r->group;
    if (r->fresh) {
        j->fresh = true;
        j->born = hg_now();
        j->patience = r->timeout_ms * INT64_C(1000000);
    }
    if (r->headers)
        j->headers = hg_headers_ref(r->headers);
    bool ok = true;
    if (r->body) { /* CURLOPT_POSTFIELDS does not copy, so the job keeps the bytes */
        j->body = malloc(r->body_len + 1);
        ok = j->body != NULL;
        if (ok)
            memcpy(j->body, r->body, r->body_len);
        j->sent_total = (curl_off_t)r->body_len;
    }
    if (ok)
        ok = open_inputs(j, r, message);
    if (ok && (r->output || r->place))
        ok = open_output(j, r, message);
    if (ok)
        return j;
    hg_job_unref(j);
    return NULL;
}

hg_job *hg_job_timer(int64_t due) {
    hg_job *j = calloc(1, sizeof *j);
    if (!j)
        return NULL;
    j->refs = 1;
    j->timer = true;
    j->due = due;
    return j;
}

hg_job *hg_job_ref(hg_job *j) {
    j->refs++;
    return j;
}

void hg_job_release(hg_job *j) {
    hg_headers_unref(j->headers);
    j->headers = NULL;
    free(j->body);
    j->body = NULL;
    curl_mime_free(j->mime);
    j->mime = NULL;
    while (j->inputs_len > 0)
        hg_body_free(&j->inputs[--j->inputs_len].body);
    free(j->inputs);
    j->inputs = NULL;
}

void hg_job_unref(hg_job *j) {
    if (--j->refs > 0)
        return;
    hg_job_release(j);
    if (j->output)
        hg_output_unref(j->output);
    if (j->news)
        hg_job_unref(j->news);
    hg_buf_free(&j->head);
    hg_buf_free(&j->content);
    free(j->message);
    free(j);
}

/* ---- libcurl's callbacks ---- */

static void fail(hg_job *j, hg_failure failure, const char *format, const char *a, const char *b) {
    char message[HG_MESSAGE];
    if (j->failure)
        return; /* the first reason is the cause */
    j->failure = failure;
    snprintf(message, sizeof message, format, a, b);
    j->message = strdup(message);
}

void hg_job_fail(hg_job *j, hg_failure failure, const char *format, const char *a, const char *b) {
    fail(j, failure, format, a, b);
}

int hg_job_on_start(void *handle, char *to, char *from, int to_port, int from_port) {
    (void)to, (void)from, (void)to_port, (void)from_port;
    hg_job *j = ((hg_handle *)handle)->job;
    if (j->fresh && j->started) {
        /* Over HTTP/2 others may have joined the connection that was opened for it. libcurl then
         * takes it for a reused one, and is about to repeat what was unanswered when it broke. */
        fail(j, HG_FAIL_NETWORK, "the connection ended before an answer%s%s", "", "");
        return CURL_PREREQFUNC_ABORT;
    }
    if (j->fresh && j->patience && hg_now() - j->born > j->patience) {
        /* Sent now, it might be cut off before its answer, and nobody would know what it made. */
        fail(j, HG_FAIL_TIMEOUT, "no connection became free within the timeout%s%s", "", "");
        return CURL_PREREQFUNC_ABORT;
    }
    if (j->fresh && j->patience) { /* from here on it has its whole time, and no more */
        hg_timers *timers = ((hg_handle *)handle)->pool->timers;
        if (j->timed)
            hg_timers_remove(timers, j);
        j->due = hg_now() + j->patience;
        if (!hg_timers_add(timers, j)) {
            fail(j, HG_FAIL_NETWORK, "out of memory%s%s", "", "");
            return CURL_PREREQFUNC_ABORT;
        }
    }
    j->started = true;
    hg_gate_leave(j);
    return CURL_PREREQFUNC_OK;
}

size_t hg_job_on_header(char *data, size_t size, size_t n, void *handle) {
    hg_job *j = ((hg_handle *)handle)->job;
    size_t len = size * n;
    if (len >= 5 &&
        memcmp(data, "HTTP/", 5) == 0) /* 100 Continue and the like are followed by more */
        j->head.len = 0;
    j->answered = true;
    if (j->head.len + len > MAX_HEAD) {
        fail(j, HG_FAIL_TOO_LARGE, "the headers of the answer are larger than 256 kB", "", "");
        return 0;
    }
    if (!hg_buf_add(&j->head, data, len))
        return 0;
    if (len <= 2)
        hg_job_on_head_end(handle);
    return len;
}

size_t hg_job_on_read(char *to, size_t size, size_t n, void *input) {
    hg_input *in = input;
    char message[HG_MESSAGE];
    int64_t got = hg_body_read(&in->body, to, size * n, message);
    if (got >= 0)
        return (size_t)got;
    fail(in->job, HG_FAIL_FILE, "%s%s", message, "");
    return CURL_READFUNC_ABORT;
}

int hg_job_on_seek(void *input, curl_off_t offset, int origin) {
    hg_input *in = input;
    if (origin != SEEK_SET || !hg_body_seek(&in->body, offset))
        return CURL_SEEKFUNC_CANTSEEK;
    return CURL_SEEKFUNC_OK;
}

bool hg_job_keep(hg_job *j) {
    for (size_t i = 0; i < j->inputs_len; i++)
        if (!hg_body_keep(&j->inputs[i].body))
            return false;
    return true;
}

/* ---- the end ---- */

static hg_failure classify(const hg_job *j, CURLcode code) {
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
        return j->started ? HG_FAIL_PARSE : HG_FAIL_INVALID;
    case CURLE_OUT_OF_MEMORY: /* what libcurl says of a header line over its limit */
#if LIBCURL_VERSION_NUM >= 0x080600
    case CURLE_TOO_LARGE:
#endif
        return j->started ? HG_FAIL_TOO_LARGE : HG_FAIL_NETWORK;
    default:
        return HG_FAIL_NETWORK;
    }
}

/* Copies what the easy handle knows, as it goes on to serve another job. */
static void collect(hg_job *j, CURL *easy) {
    static const CURLINFO TIMES[HG_TIMINGS] = {
        CURLINFO_NAMELOOKUP_TIME_T,  CURLINFO_CONNECT_TIME_T,       CURLINFO_APPCONNECT_TIME_T,
        CURLINFO_PRETRANSFER_TIME_T, CURLINFO_STARTTRANSFER_TIME_T, CURLINFO_TOTAL_TIME_T};
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &j->status);
    curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &j->http_version);
    curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &j->connects);
    curl_easy_getinfo(easy, CURLINFO_SIZE_UPLOAD_T, &j->sent_bytes);
    curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &j->received_total);
    if (j->mime)
        curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_UPLOAD_T, &j->sent_total);
    for (int i = 0; i < HG_TIMINGS; i++)
        curl_easy_getinfo(easy, TIMES[i], &j->times[i]);
}

void hg_job_refresh(hg_job *j) {
    if (j->handle && !j->done && !j->held)
        collect(j, j->handle->easy);
}

/* A full disk or quota may show only now. Of a file that others hold as well: see fsync.c. */
static void close_output(hg_job *j) {
    char path[HG_MESSAGE];
    if (!j->output)
        return;
    snprintf(path, sizeof path, "%s", j->output->path);
    if (!hg_output_unref(j->output) && !j->failure)
        fail(j, HG_FAIL_FILE, "cannot write %.200s: %s", path, strerror(errno));
    j->output = NULL;
}

void hg_job_finish(hg_job *j, CURLcode code, const char *detail) {
    if (!j->held) /* else the handle knows of an earlier job at most */
        collect(j, j->handle->easy);
    j->curl_code = (int)code;
    hg_failure failure = classify(j, code);
    if (failure == HG_FAIL_TOO_LARGE)
        fail(j, failure, "a header of the answer is too large%s%s", "", "");
    else if (failure)
        fail(j, failure, "%s%s", detail && *detail ? detail : curl_easy_strerror(code), "");
    close_output(j);
    j->done = true;
}

void hg_job_abandon(hg_job *j, hg_failure failure, const char *why) {
    if (j->handle && !j->held)
        collect(j, j->handle->easy);
    fail(j, failure, "%s%s", why, "");
    close_output(j);
    j->done = true;
}

hg_sent hg_job_sent(const hg_job *j) {
    return j->answered ? HG_SENT_YES : j->started ? HG_SENT_MAYBE : HG_SENT_NO;
}

void hg_job_drop_content(hg_job *j) {
    hg_buf_free(&j->content);
}

const char *hg_job_header(const hg_job *j, const char *name, size_t *len) {
    size_t name_len = strlen(name);
    const char *found = NULL;
    const char *end = j->head.data ? j->head.data + j->head.len : NULL;
    for (const char *line = j->head.data; line < end;) {
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
