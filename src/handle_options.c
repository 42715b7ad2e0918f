/* How a request becomes options of libcurl. */
#include <stdlib.h>
#include <string.h>

#include "handle.h"

enum {
    API_BUFFER = 8 * 1024, /* most of the memory of a waiting request; an answer is about 1 kB */
    FILE_BUFFER = 128 * 1024,
    LARGE_BODY = 64 * 1024, /* bytes of a request, from which on it has a connection for itself */
    MANY_SOCKETS = 8        /* open ones, from which on a fresh request's is not kept for others */
};

/* A parsed base URL, kept for ever: most requests of a process go to one host. NULL: bad URL, or
 * too many hosts; the caller then lets libcurl parse the whole URL. */
static CURLU *parsed_base(hg_bases *b, const char *text) {
    for (int i = 0; i < b->len; i++)
        if (strcmp(b->list[i].text, text) == 0)
            return b->list[i].url;
    if (b->len == (int)(sizeof b->list / sizeof b->list[0]))
        return NULL;
    CURLU *url = curl_url();
    char *copy = strdup(text);
    if (!url || !copy || curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK) {
        curl_url_cleanup(url);
        free(copy);
        return NULL;
    }
    b->list[b->len].text = copy;
    b->list[b->len++].url = url;
    return url;
}

/* Sets an option. `ok` is false from the first one on that libcurl could not take: memory is out,
 * and without the option the request might go another way, or to another server. */
#define SET(easy, option, value) (ok = ok && curl_easy_setopt(easy, option, value) == CURLE_OK)

/* What every request has in common. */
static bool set_constants(hg_handle *h, hg_pool *p) {
    CURL *e = h->easy;
    bool ok = true;
    SET(e, CURLOPT_PRIVATE, h);
    SET(e, CURLOPT_ERRORBUFFER, h->error);
    SET(e, CURLOPT_NOSIGNAL, 1L);
    SET(e, CURLOPT_SHARE, p->share);
    SET(e, CURLOPT_WRITEFUNCTION, hg_exchange_on_body);
    SET(e, CURLOPT_WRITEDATA, h);
    SET(e, CURLOPT_HEADERFUNCTION, hg_exchange_on_header);
    SET(e, CURLOPT_HEADERDATA, h);
    SET(e, CURLOPT_PREREQFUNCTION, hg_exchange_on_start);
    SET(e, CURLOPT_PREREQDATA, h);
    SET(e, CURLOPT_OPENSOCKETFUNCTION, hg_handle_on_open);
    SET(e, CURLOPT_OPENSOCKETDATA, h);
    SET(e, CURLOPT_CLOSESOCKETFUNCTION, hg_handle_on_close);
    SET(e, CURLOPT_CLOSESOCKETDATA, p);
    SET(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L); /* a proxy's answer is not the server's */
    SET(e, CURLOPT_FOLLOWLOCATION, 0L);           /* libcurl would hand X-Api-Key to the new host */
    SET(e, CURLOPT_PATH_AS_IS, 1L); /* "/./" may be a part of what a storage has signed */
    SET(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(e, CURLOPT_SSL_VERIFYPEER, 1L);
    SET(e, CURLOPT_SSL_VERIFYHOST, 2L);
    SET(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    SET(e, CURLOPT_TCP_KEEPALIVE, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
    SET(e, CURLOPT_QUICK_EXIT, 1L); /* cancelling must not wait for a slow DNS look-up */
#endif
    return ok;
}

bool hg_same_text(const char *a, const char *b) {
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool keep_text(char **kept, const char *text) {
    if (hg_same_text(*kept, text))
        return true;
    free(*kept);
    *kept = text ? strdup(text) : NULL;
    return !text || *kept;
}

static bool set_protocols(CURL *e, bool allow_http) {
    bool ok = true;
#if LIBCURL_VERSION_NUM >= 0x075500
    SET(e, CURLOPT_PROTOCOLS_STR, allow_http ? "http,https" : "https");
#else
    SET(e, CURLOPT_PROTOCOLS,
        (long)(allow_http ? CURLPROTO_HTTP | CURLPROTO_HTTPS : CURLPROTO_HTTPS));
#endif
    return ok;
}

static bool starts(const char *s, const char *with) {
    return strncmp(s, with, strlen(with)) == 0;
}

const char *hg_request_address(const hg_request *r) {
    return r->url ? r->url : r->base;
}

/* What a request says of codings. An answer that is compressed is unpacked all the same, but for
 * that of a file: its bytes are wanted as they are, and the headers say what they are. */
static const char *const CODINGS[] = {NULL, "identity", "gzip"};

/* The request target next to a URL parsed once saves a fifth of the cost of a poll. Not through a
 * proxy in plain http: its request line needs the whole URL. */
static bool set_address(hg_pool *p, hg_handle *h, const hg_request *r, bool direct) {
    CURL *e = h->easy;
    CURLU *base = !r->url && direct ? parsed_base(&p->bases, r->base) : NULL;
    bool ok = true;
    if (base) {
        if (h->base != base) {
            SET(e, CURLOPT_URL, NULL);
            SET(e, CURLOPT_CURLU, base);
            h->base = base;
        }
        return SET(e, CURLOPT_REQUEST_TARGET, r->target);
    }
    if (h->base) {
        SET(e, CURLOPT_CURLU, NULL);
        SET(e, CURLOPT_REQUEST_TARGET, NULL);
        h->base = NULL;
    }
    if (r->url)
        return SET(e, CURLOPT_URL, r->url);
    hg_buf b = {0};
    ok = ok && hg_buf_add(&b, r->base, strlen(r->base)) &&
         hg_buf_add(&b, r->target, strlen(r->target) + 1);
    SET(e, CURLOPT_URL, b.data);
    hg_buf_free(&b);
    return ok;
}

static bool set_multipart(hg_handle *h, const hg_request *r) {
    curl_mime *mime = curl_mime_init(h->easy);
    hg_input *input = h->exchange->inputs;
    h->exchange->mime = mime;
    for (size_t i = 0; mime && i < r->parts_len; i++, input++) {
        const hg_part *from = &r->parts[i];
        curl_mimepart *part = curl_mime_addpart(mime);
        if (!part || curl_mime_name(part, from->name) != CURLE_OK)
            return false;
        const char *filename = from->filename, *type = from->content_type;
        const char *path = hg_segment_path(&from->content);
        if (path && !filename) {
            const char *slash = strrchr(path, '/');
            filename = slash ? slash + 1 : path;
        }
        if (!type && !from->content.data)
            type = "application/octet-stream";
        CURLcode code = curl_mime_data_cb(part, input->body.size, hg_exchange_on_read,
                                          hg_exchange_on_seek, NULL, input);
        if (code != CURLE_OK || (filename && curl_mime_filename(part, filename) != CURLE_OK) ||
            (type && curl_mime_type(part, type) != CURLE_OK))
            return false;
    }
    return mime && curl_easy_setopt(h->easy, CURLOPT_MIMEPOST, mime) == CURLE_OK;
}

/* The method and the body. Only here is a handle made unfit for the quick path of plain GETs. */
bool hg_handle_set_method(hg_handle *h, const hg_request *r) {
    CURL *e = h->easy;
    hg_exchange *x = h->exchange;
    bool ok = true;
    if (r->parts) {
        ok = set_multipart(h, r);
    } else if (r->segments) {
        SET(e, CURLOPT_UPLOAD, 1L);
        SET(e, CURLOPT_READFUNCTION, hg_exchange_on_read);
        SET(e, CURLOPT_READDATA, x->inputs);
        SET(e, CURLOPT_SEEKFUNCTION, hg_exchange_on_seek);
        SET(e, CURLOPT_SEEKDATA, x->inputs);
        SET(e, CURLOPT_INFILESIZE_LARGE, x->inputs->body.size);
    } else if (r->body || strcmp(r->method, "POST") == 0) {
        SET(e, CURLOPT_POSTFIELDS, x->body ? x->body : "");
        SET(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len);
    } else if (strcmp(r->method, "HEAD") == 0) {
        SET(e, CURLOPT_NOBODY, 1L);
    }
    return SET(e, CURLOPT_CUSTOMREQUEST, r->method);
}

static int64_t size_of_body(const hg_request *r, const hg_exchange *x) {
    int64_t size = (int64_t)r->body_len;
    for (size_t i = 0; i < x->inputs_len; i++)
        size += x->inputs[i].body.size;
    return size;
}

/* What may differ between two plain GETs of one handle, but for the address. The time that a
 * request has is the engine's business: libcurl's clock runs while one waits for a connection, and
 * ends it before it checks what has come. */
bool hg_handle_set_differences(hg_pool *p, hg_handle *h, const hg_request *r) {
    CURL *e = h->easy;
    bool https = starts(hg_request_address(r), "https://"), ok = true;
    bool file = r->output_path || r->output || r->stream;
    /* A body that is held back must hold back its server, and no other transfer. Over HTTP/2,
     * libcurl (7.88) takes all that its window lets in, 32 MB of each stream, whenever another
     * stream is read; and where a server has closed its window, it asks to be called at once,
     * always. */
    bool alone = file || r->http1 || size_of_body(r, h->exchange) > LARGE_BODY;
    /* Lets a burst share one HTTP/2 connection; it would serialise the others. */
    bool shares = https && !alone;
    bool forget = r->fresh && p->sockets >= MANY_SOCKETS;
    long buffer = file ? FILE_BUFFER : API_BUFFER;
    hg_coding coding = file ? HG_CODING_AS_IT_IS : r->compressed ? HG_CODING_GZIP : HG_CODING_NONE;
    if (h->connect_timeout_ms != r->connect_timeout_ms)
        SET(e, CURLOPT_CONNECTTIMEOUT_MS, h->connect_timeout_ms = r->connect_timeout_ms);
    if (h->stall_s != r->stall_s) {
        SET(e, CURLOPT_LOW_SPEED_TIME, h->stall_s = r->stall_s);
        SET(e, CURLOPT_LOW_SPEED_LIMIT, r->stall_s ? 1L : 0L);
    }
    if (h->fresh != r->fresh)
        SET(e, CURLOPT_FRESH_CONNECT, (h->fresh = r->fresh) ? 1L : 0L);
    if (h->forget != forget)
        SET(e, CURLOPT_FORBID_REUSE, (h->forget = forget) ? 1L : 0L);
    if (h->allow_http != r->allow_http)
        ok = ok && set_protocols(e, h->allow_http = r->allow_http);
    if (h->alone != alone)
        SET(e, CURLOPT_HTTP_VERSION,
            (h->alone = alone) ? (long)CURL_HTTP_VERSION_1_1 : (long)CURL_HTTP_VERSION_2TLS);
    if (h->shares != shares)
        SET(e, CURLOPT_PIPEWAIT, (h->shares = shares) ? 1L : 0L);
    if (h->buffer != buffer) /* refused by a handle that has kept its old one: that does as well */
        curl_easy_setopt(e, CURLOPT_BUFFERSIZE, h->buffer = buffer);
    if (!hg_same_text(h->proxy, r->proxy)) {
        ok = ok && keep_text(&h->proxy, r->proxy);
        SET(e, CURLOPT_PROXY, r->proxy);
    }
    if (h->headers != r->headers || h->coding != coding) {
        hg_headers_unref(h->headers);
        h->headers = r->headers ? hg_headers_ref(r->headers) : NULL;
        SET(e, CURLOPT_HTTPHEADER,
            h->headers ? hg_headers_list(h->headers, coding == HG_CODING_NONE, !h->plain) : NULL);
    }
    if (h->coding != coding)
        SET(e, CURLOPT_ACCEPT_ENCODING, CODINGS[h->coding = coding]);
    return ok && set_address(p, h, r, https || (r->proxy && !*r->proxy));
}

/* Everything back to libcurl's defaults, then what we always want, and what to trust. */
bool hg_handle_start_over(hg_pool *p, hg_handle *h, hg_ca_store *trust, const char *ca_file) {
    curl_easy_reset(h->easy);
    hg_headers_unref(h->headers);
    h->headers = NULL;
    h->base = NULL;
    h->connect_timeout_ms = h->stall_s = h->buffer = 0;
    h->fresh = h->forget = h->shares = h->alone = h->plain = h->allow_http = false;
    h->coding = HG_CODING_AS_IT_IS;
    h->epoch = p->epoch;
    keep_text(&h->proxy, NULL);
    bool ok = set_constants(h, p) && set_protocols(h->easy, false) &&
              hg_ca_store_apply(h->easy, trust, ca_file, p->epoch);
    hg_ca_store *old = h->trust;
    h->trust = trust ? hg_ca_store_ref(trust) : NULL;
    hg_ca_store_unref(old);
    return keep_text(&h->ca_file, ca_file) && ok;
}
