/* Easy handles: a pool of them, and how a request becomes libcurl options.
 *
 * Two lists: a handle that has carried a credential is never used for a public request (downloads,
 * presigned uploads). A handle that last made a plain GET keeps its options for the next one, which
 * saves most of the cost of a poll. */
#include "handle.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#if LIBCURL_VERSION_NUM < 0x075000
#error                                                                                             \
    "heygen needs libcurl 7.80 or newer (CURLOPT_PREREQFUNCTION tells whether a request was sent)"
#endif

enum {
    KEEP_IDLE =
        1024, /* about 6 kB each: what is thrown away here is made again at the next burst */
    API_BUFFER = 8 * 1024, /* most of the memory of a waiting request; an answer is about 1 kB */
    FILE_BUFFER = 128 * 1024
};

/* ---- the pool ---- */

bool hg_pool_open(hg_pool *p, hg_pollset *pollset) {
    memset(p, 0, sizeof *p);
    p->pollset = p->trusts.pollset = pollset;
    p->share = curl_share_init();
    if (!p->share)
        return false;
    curl_share_setopt(p->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    return true;
}

static void destroy(hg_handle *h) {
    curl_easy_cleanup(h->easy);
    hg_headers_unref(h->headers);
    hg_ca_store_unref(h->trust);
    free(h->proxy);
    free(h->ca_file);
    free(h);
}

void hg_pool_close(hg_pool *p) {
    for (int kind = 0; kind < 2; kind++) {
        while (p->idle[kind]) {
            hg_handle *h = p->idle[kind];
            p->idle[kind] = h->next;
            destroy(h);
        }
    }
    for (int i = 0; i < p->bases.len; i++) {
        free(p->bases.list[i].text);
        curl_url_cleanup(p->bases.list[i].url);
    }
    p->idle_len = p->bases.len = 0;
    hg_ca_stores_close(&p->trusts);
}

void hg_pool_close_share(hg_pool *p) {
    if (p->share)
        curl_share_cleanup(p->share);
    p->share = NULL;
}

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

/* ---- sockets ---- */

static curl_socket_t on_open(void *pollset, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)purpose;
    int type = address->socktype;
#ifdef SOCK_CLOEXEC
    type |= SOCK_CLOEXEC;
#endif
    int fd = socket(address->family, type, address->protocol);
    if (fd >= 0 && !hg_pollset_opened(pollset, fd)) {
        close(fd);
        return CURL_SOCKET_BAD;
    }
    return fd;
}

static int on_close(void *pollset, curl_socket_t fd) {
    hg_pollset_closed(pollset, fd);
    return close(fd);
}

/* ---- options ---- */

/* What every request has in common. */
static void set_constants(hg_handle *h, hg_pool *p) {
    CURL *e = h->easy;
    curl_easy_setopt(e, CURLOPT_PRIVATE, h);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, h->error);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_SHARE, p->share);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, hg_exchange_on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, h);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, hg_exchange_on_header);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, h);
    curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, hg_exchange_on_start);
    curl_easy_setopt(e, CURLOPT_PREREQDATA, h);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, p->pollset);
    curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, on_close);
    curl_easy_setopt(e, CURLOPT_CLOSESOCKETDATA, p->pollset);
    curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS,
                     1L); /* a proxy's answer is not the server's */
    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION,
                     0L); /* libcurl would hand X-Api-Key to the new host */
    curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
    curl_easy_setopt(e, CURLOPT_QUICK_EXIT,
                     1L); /* cancelling must not wait for a slow DNS look-up */
#endif
}

static bool same_text(const char *a, const char *b) {
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool keep_text(char **kept, const char *text) {
    if (same_text(*kept, text))
        return true;
    free(*kept);
    *kept = text ? strdup(text) : NULL;
    return !text || *kept;
}

static void set_protocols(CURL *e, bool allow_http) {
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, allow_http ? "http,https" : "https");
#else
    curl_easy_setopt(e, CURLOPT_PROTOCOLS,
                     (long)(allow_http ? CURLPROTO_HTTP | CURLPROTO_HTTPS : CURLPROTO_HTTPS));
#endif
}

static bool starts(const char *s, const char *with) {
    return strncmp(s, with, strlen(with)) == 0;
}

static const char *address(const hg_request *r) {
    return r->url ? r->url : r->base;
}

/* The request target next to a URL parsed once saves a fifth of the cost of a poll. Not through a
 * proxy in plain http: its request line needs the whole URL. */
static bool set_address(hg_pool *p, hg_handle *h, const hg_request *r, bool direct) {
    CURL *e = h->easy;
    CURLU *base = !r->url && direct ? parsed_base(&p->bases, r->base) : NULL;
    if (base) {
        if (h->base != base) {
            curl_easy_setopt(e, CURLOPT_URL, NULL);
            curl_easy_setopt(e, CURLOPT_CURLU, base);
            h->base = base;
        }
        return curl_easy_setopt(e, CURLOPT_REQUEST_TARGET, r->target) == CURLE_OK;
    }
    if (h->base) {
        curl_easy_setopt(e, CURLOPT_CURLU, NULL);
        curl_easy_setopt(e, CURLOPT_REQUEST_TARGET, NULL);
        h->base = NULL;
    }
    if (r->url)
        return curl_easy_setopt(e, CURLOPT_URL, r->url) == CURLE_OK;
    hg_buf b = {0};
    bool ok = hg_buf_add(&b, r->base, strlen(r->base)) &&
              hg_buf_add(&b, r->target, strlen(r->target) + 1) &&
              curl_easy_setopt(e, CURLOPT_URL, b.data) == CURLE_OK;
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
static bool set_method(hg_handle *h, const hg_request *r) {
    CURL *e = h->easy;
    hg_exchange *x = h->exchange;
    bool ok = true;
    if (r->parts) {
        ok = set_multipart(h, r);
    } else if (r->segments) {
        curl_easy_setopt(e, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(e, CURLOPT_READFUNCTION, hg_exchange_on_read);
        curl_easy_setopt(e, CURLOPT_READDATA, x->inputs);
        curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, hg_exchange_on_seek);
        curl_easy_setopt(e, CURLOPT_SEEKDATA, x->inputs);
        curl_easy_setopt(e, CURLOPT_INFILESIZE_LARGE, x->inputs->body.size);
    } else if (r->body || strcmp(r->method, "POST") == 0) {
        curl_easy_setopt(e, CURLOPT_POSTFIELDS, x->body ? x->body : "");
        curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len);
    } else if (strcmp(r->method, "HEAD") == 0) {
        curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
    }
    return ok && curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, r->method) == CURLE_OK;
}

/* What may differ between two plain GETs of one handle. */
static bool set_differences(hg_pool *p, hg_handle *h, const hg_request *r) {
    CURL *e = h->easy;
    bool https = starts(address(r), "https://");
    /* libcurl's clock runs while a request waits for a connection, and ends it before it checks
     * what has come. A fresh one has its time from the engine: once for waiting (hg_engine_hold),
     * and once for the answer (hg_exchange_on_start). */
    long timeout_ms = r->fresh ? 0 : r->timeout_ms;
    if (h->timeout_ms != timeout_ms)
        curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, h->timeout_ms = timeout_ms);
    if (h->connect_timeout_ms != r->connect_timeout_ms)
        curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS,
                         h->connect_timeout_ms = r->connect_timeout_ms);
    if (h->stall_s != r->stall_s) {
        curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, h->stall_s = r->stall_s);
        curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, r->stall_s ? 1L : 0L);
    }
    if (h->fresh != r->fresh)
        curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, (h->fresh = r->fresh) ? 1L : 0L);
    if (h->allow_http != r->allow_http)
        set_protocols(e, h->allow_http = r->allow_http);
    if (h->compressed != r->compressed)
        curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING,
                         (h->compressed = r->compressed) ? "gzip" : NULL);
    /* A body that is held back must hold back its server, and no other transfer. Over HTTP/2,
     * libcurl (7.88) takes all that its window lets in, 32 MB of each stream, whenever another
     * stream is read. */
    bool alone = r->output_path || r->output || r->stream;
    if (h->alone != alone)
        curl_easy_setopt(e, CURLOPT_HTTP_VERSION,
                         (h->alone = alone) ? (long)CURL_HTTP_VERSION_1_1
                                            : (long)CURL_HTTP_VERSION_2TLS);
    /* Lets a burst share one HTTP/2 connection; it would serialise the others. */
    bool shares = https && !alone;
    if (h->shares != shares)
        curl_easy_setopt(e, CURLOPT_PIPEWAIT, (h->shares = shares) ? 1L : 0L);
    long buffer = alone ? FILE_BUFFER : API_BUFFER;
    if (h->buffer != buffer)
        curl_easy_setopt(e, CURLOPT_BUFFERSIZE, h->buffer = buffer);
    if (!same_text(h->proxy, r->proxy) &&
        !(keep_text(&h->proxy, r->proxy) &&
          curl_easy_setopt(e, CURLOPT_PROXY, r->proxy) == CURLE_OK))
        return false;
    if (h->headers != r->headers) {
        hg_headers_unref(h->headers);
        h->headers = r->headers ? hg_headers_ref(r->headers) : NULL;
        curl_easy_setopt(e, CURLOPT_HTTPHEADER, h->headers ? h->headers->list : NULL);
    }
    return set_address(p, h, r, https || (r->proxy && !*r->proxy));
}

/* Everything back to libcurl's defaults, then what we always want, and whom to trust. */
static bool start_over(hg_pool *p, hg_handle *h, hg_ca_store *trust, const char *ca_file) {
    curl_easy_reset(h->easy);
    hg_headers_unref(h->headers);
    h->headers = NULL;
    h->base = NULL;
    h->timeout_ms = h->connect_timeout_ms = h->stall_s = h->buffer = 0;
    h->fresh = h->compressed = h->shares = h->alone = h->plain = false;
    h->allow_http = false;
    keep_text(&h->proxy, NULL);
    set_constants(h, p);
    set_protocols(h->easy, false);
    hg_ca_store_apply(h->easy, trust, ca_file);
    hg_ca_store *old = h->trust;
    h->trust = trust ? hg_ca_store_ref(trust) : NULL;
    hg_ca_store_unref(old);
    return keep_text(&h->ca_file, ca_file);
}

/* Without any option: it is not plain, so that its next user starts over. */
static hg_handle *create(hg_pool *p, bool public_) {
    hg_handle *h = calloc(1, sizeof *h);
    if (!h)
        return NULL;
    h->public_ = public_;
    h->pool = p;
    h->easy = curl_easy_init();
    if (!h->easy) {
        free(h);
        return NULL;
    }
    return h;
}

hg_handle *hg_handle_take(hg_pool *p, const hg_request *r, hg_exchange *x) {
    hg_ca_store *trust;
    if (!hg_ca_stores_find(&p->trusts, address(r), r->ca_file, r->proxy, &trust))
        return NULL;
    hg_handle *h = p->idle[r->public_];
    if (h) {
        p->idle[r->public_] = h->next;
        p->idle_len--;
        h->next = NULL;
    } else {
        h = create(p, r->public_);
    }
    if (!h)
        return NULL;
    bool plain = strcmp(r->method, "GET") == 0 && !r->body && !r->segments && !r->parts;
    bool ok = (h->plain && plain && h->trust == trust && same_text(h->ca_file, r->ca_file)) ||
              start_over(p, h, trust, r->ca_file);
    h->exchange = x;
    h->plain = plain;
    h->error[0] = '\0';
    x->handle = h;
    if (ok && set_differences(p, h, r) && (plain || set_method(h, r)))
        return h;
    h->plain = false;
    hg_handle_give(p, h);
    return NULL;
}

void hg_handle_drop(hg_handle *h) {
    h->exchange->handle = NULL;
    destroy(h);
}

void hg_handle_give(hg_pool *p, hg_handle *h) {
    if (p->idle_len >= KEEP_IDLE) {
        hg_handle_drop(h);
        return;
    }
    h->exchange->handle = NULL;
    h->exchange = NULL;
    h->next = p->idle[h->public_];
    p->idle[h->public_] = h;
    p->idle_len++;
}
