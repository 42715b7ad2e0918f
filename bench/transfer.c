/* One reusable transfer of the raw programs: an easy handle that GETs a video into memory. */
#include "transfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t on_body(char *bytes, size_t one, size_t count, void *user) {
    struct transfer *t = user;
    (void)one;
    if (t->length + count > t->size) {
        size_t size = t->size ? t->size * 2 : 2048;
        while (size < t->length + count)
            size *= 2;
        char *body = realloc(t->body, size);
        if (!body)
            return 0;
        t->body = body;
        t->size = size;
    }
    memcpy(t->body + t->length, bytes, count);
    t->length += count;
    return count;
}

struct curl_slist *transfer_headers(void) {
    struct curl_slist *headers = curl_slist_append(NULL, "x-api-key: k");
    return curl_slist_append(headers, "Accept: application/json");
}

void transfer_open(struct transfer *t, struct curl_slist *headers) {
    *t = (struct transfer){.easy = curl_easy_init()};
    check(t->easy != NULL, "curl_easy_init failed");
    curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
    curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(t->easy, CURLOPT_USERAGENT, "heygen-bench/1");
    curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, 60000L);
    curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, 10000L);
    curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
}

void transfer_start(struct transfer *t, struct reactor *r, const char *base, const char *id) {
    char url[256];
    snprintf(url, sizeof url, "%s/v3/videos/%s", base, id);
    t->length = 0;
    curl_easy_setopt(t->easy, CURLOPT_URL, url);
    check(curl_multi_add_handle(r->multi, t->easy) == CURLM_OK, "curl_multi_add_handle failed");
}

struct transfer *transfer_done(struct reactor *r) {
    struct transfer *t;
    CURLcode code;
    long status = 0;
    CURL *easy = reactor_done(r, &code);
    if (!easy)
        return NULL;
    check(code == CURLE_OK, curl_easy_strerror(code));
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    check(status == 200, "the server did not answer 200");
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &t);
    return t;
}

void transfer_close(struct transfer *t) {
    curl_easy_cleanup(t->easy);
    free(t->body);
}
