/* Easy handles: their pool, and the sockets of their connections. How a request becomes options of
 * one is in handle_options.c.
 *
 * An exchange takes a handle when it is made and gives it back when it has ended. A handle that
 * last made a plain GET keeps its options, and for the next plain GET only the differences are set,
 * which saves most of the cost of a poll; for anything else, or when an option could not be set, it
 * starts over. Two lists: a handle that has carried a credential is never used for a public request
 * (downloads, presigned uploads).
 *
 * Connections belong to libcurl, which chooses one by their settings. The pool has an epoch, which
 * is a part of these settings: after a request whose answer did not come in time it is another one,
 * and no connection that was open then is chosen again, while the requests that it carries
 * continue.
 *
 * Invariants: h->exchange and x->handle point to each other while the exchange has it; an idle
 * handle is in exactly one list, and no libcurl option of it points to memory of an exchange that a
 * plain GET would use. */
#include "handle.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#if LIBCURL_VERSION_NUM < 0x075000
#error                                                                                             \
    "heygen needs libcurl 7.80 or newer (CURLOPT_PREREQFUNCTION tells whether a request was sent)"
#endif

enum {
    KEEP_IDLE =
        1024, /* about 6 kB each: what is thrown away here is made again at the next burst */
    UNACKNOWLEDGED_MS = 10 * 1000
};

/* ---- the pool ---- */

bool hg_pool_open(hg_pool *p, hg_pollset *pollset) {
    memset(p, 0, sizeof *p);
    p->pollset = p->trusts.pollset = pollset;
    p->trusts.flood = &p->flood;
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

/* ---- sockets ---- */

curl_socket_t hg_handle_on_open(void *handle, curlsocktype purpose, struct curl_sockaddr *address) {
    hg_handle *h = handle;
    hg_pool *p = h->pool;
    (void)purpose;
    int type = address->socktype;
#ifdef SOCK_CLOEXEC
    type |= SOCK_CLOEXEC;
#endif
    int fd = socket(address->family, type, address->protocol);
    if (fd < 0) {
        p->socket_problem = errno;
        return CURL_SOCKET_BAD;
    }
    if (!hg_pollset_opened(p->pollset, fd)) {
        close(fd);
        return CURL_SOCKET_BAD;
    }
    p->sockets++;
    h->opened[1] = h->opened[0];
    h->opened[0] = fd;
    return fd;
}

int hg_handle_on_close(void *pool, curl_socket_t fd) {
    hg_pool *p = pool;
    hg_pollset_closed(p->pollset, fd);
    p->sockets--;
    return close(fd);
}

#ifdef TCP_USER_TIMEOUT
static bool is_from(int fd, int port) {
    struct sockaddr_storage own = {0};
    socklen_t size = sizeof own;
    if (fd < 0 || getsockname(fd, (struct sockaddr *)&own, &size) != 0)
        return false;
    if (own.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&own)->sin6_port) == port;
    return own.ss_family == AF_INET && ntohs(((struct sockaddr_in *)&own)->sin_port) == port;
}
#endif

/* An HTTP/2 connection whose packets get lost on the way is no connection any more, and all
 * requests to its server would go over it for the 15 minutes that TCP takes to give up. Not where a
 * body is held back, by us or by a slow server: that is no loss. Not earlier: the limit would be
 * one of the connect as well. libcurl does not name the socket yet: it is the one of ours that has
 * the connection's port. */
void hg_handle_on_connected(hg_handle *h, int port) {
#ifdef TCP_USER_TIMEOUT
    unsigned ms = UNACKNOWLEDGED_MS;
    for (int i = 0; i < 2 && !h->alone; i++)
        if (is_from(h->opened[i], port))
            setsockopt(h->opened[i], IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
#else
    (void)port;
#endif
    h->opened[0] = h->opened[1] = -1;
}

/* Without any option: it is not plain, so that its next user starts over. */
static hg_handle *create(hg_pool *p, bool public_) {
    hg_handle *h = calloc(1, sizeof *h);
    if (!h)
        return NULL;
    h->public_ = public_;
    h->pool = p;
    h->opened[0] = h->opened[1] = -1;
    h->easy = curl_easy_init();
    if (!h->easy) {
        free(h);
        return NULL;
    }
    return h;
}

hg_handle *hg_handle_take(hg_pool *p, const hg_request *r, hg_exchange *x) {
    hg_ca_store *trust;
    if (!hg_ca_stores_find(&p->trusts, hg_request_address(r), r->ca_file, r->proxy, &trust))
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
    h->exchange = x;
    bool ok = (h->plain && plain && h->epoch == p->epoch && h->trust == trust &&
               hg_same_text(h->ca_file, r->ca_file)) ||
              hg_handle_start_over(p, h, trust, r->ca_file);
    h->plain = plain;
    h->error[0] = '\0';
    x->handle = h;
    if (ok && hg_handle_set_differences(p, h, r) && (plain || hg_handle_set_method(h, r)))
        return h;
    h->plain = false;
    hg_handle_give(p, h);
    return NULL;
}

/* ---- failures ---- */

/* Why no descriptor can be had: a look-up of a name fails without a word of it. */
static int no_descriptor(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd >= 0)
        return close(fd);
    return hg_is_shortage(errno) ? errno : 0;
}

static bool is_about_trust(CURLcode code) {
    return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_ISSUER_ERROR;
}

static void explain(hg_handle *h, const char *cause, const char *format, ...) HG_FORMAT(3, 4);

static void explain(hg_handle *h, const char *cause, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(h->error, sizeof h->error, format, arguments);
    va_end(arguments);
    h->exchange->cause = cause;
}

void hg_handle_explain(hg_handle *h, CURLcode code) {
    const hg_pool *p = h->pool;
    long proxy = 0;
    int problem = code == CURLE_COULDNT_CONNECT        ? p->socket_problem
                  : code == CURLE_COULDNT_RESOLVE_HOST ? no_descriptor()
                                                       : 0;
    curl_easy_getinfo(h->easy, CURLINFO_HTTP_CONNECTCODE, &proxy);
    if (problem) {
        explain(h, "connect", "no connection could be opened: %s", strerror(problem));
    } else if (!h->exchange->started && proxy >= 300) {
        explain(h, "proxy", "the proxy refused the connection with HTTP %ld%s", proxy,
                proxy == 407 ? ": it wants a user name and a password, or others" : "");
    } else if (code == CURLE_OUT_OF_MEMORY && p->no_memory) {
        explain(h, "memory", "out of memory");
    } else if (code == CURLE_PARTIAL_FILE && p->flood.cut) {
        explain(h, NULL, "the server sent frames without content, and without an end");
    } else if (is_about_trust(code) && h->trust && hg_ca_store_is_old(h->trust)) {
        h->trust->stale = true; /* the next attempt reads it again */
        h->exchange->cause = "tls";
    }
}

void hg_handle_distrust(hg_handle *h) {
    curl_easy_setopt(h->easy, CURLOPT_FORBID_REUSE, 1L);
    h->plain = false; /* the next one starts over */
    h->pool->epoch++;
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
