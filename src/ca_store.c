/* Whom to trust: files of certificates, each read once, by a thread, for all TLS connections. */
#include "ca_store.h"

#include <openssl/err.h>
#include <openssl/opensslv.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { KEEP = 8 }; /* files that are remembered: about 1 MB each, and a program has one or two */

/* A server may run for months, and the system's file changes. As often as libcurl, which see. */
static const int64_t DAY = 24 * 3600 * HG_SECOND;

/* Asked once in a process: libcurl's answer takes 5,000 instructions and never changes. */
static struct {
    const char *file;  /* of certificates, by default */
    bool same_openssl; /* its TLS is the very OpenSSL that this file calls: it takes our stores */
} libcurl;

static void ask_libcurl(void) {
    const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
    libcurl.file = v->age >= CURLVERSION_SEVENTH ? v->cainfo : NULL;
#ifdef OPENSSL_VERSION_STRING
    const char *theirs = v->ssl_version;
    libcurl.same_openssl = theirs && strncmp(theirs, "OpenSSL/", 8) == 0 &&
                           strcmp(theirs + 8, OpenSSL_version(OPENSSL_VERSION_STRING)) == 0;
#endif
}

static void know_libcurl(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, ask_libcurl);
}

static const char *default_file(void) {
    know_libcurl();
    return libcurl.file;
}

static bool same_openssl(void) {
    know_libcurl();
    return libcurl.same_openssl;
}

static bool is_tls(const char *proxy) {
    return proxy && strncasecmp(proxy, "https://", 8) == 0;
}

/* True when libcurl may speak TLS with a proxy: where it reads that, if the request says nothing.
 */
static bool tls_to_proxy(const char *proxy) {
    return proxy ? is_tls(proxy)
                 : is_tls(getenv("https_proxy")) || is_tls(getenv("HTTPS_PROXY")) ||
                       is_tls(getenv("all_proxy")) || is_tls(getenv("ALL_PROXY"));
}

/* ---- one file ---- */

hg_ca_store *hg_ca_store_ref(hg_ca_store *t) {
    t->refs++;
    return t;
}

void hg_ca_store_unref(hg_ca_store *t) {
    if (!t || --t->refs > 0)
        return;
    X509_STORE_free(t->store);
    free(t->file);
    free(t);
}

/* The same calls and flags as libcurl's own: roots of the file before what the server sends, and an
 * intermediate in the file is trusted as well. */
static void load(void *trust) {
    hg_ca_store *t = trust;
#ifdef OPENSSL_VERSION_STRING
    X509_STORE *store = X509_STORE_new();
    if (store && X509_STORE_load_file(store, t->file) == 1) {
        X509_STORE_set_flags(store, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
        t->store = store;
    } else {
        X509_STORE_free(store);
    }
    /* The first connection of a process also makes OpenSSL fetch its algorithms: half a
     * millisecond, better spent here. */
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_free(context ? SSL_new(context) : NULL);
    SSL_CTX_free(context);
    ERR_clear_error();
#endif
}

static void in_child(void *trust) {
    hg_worker_in_child(&((hg_ca_store *)trust)->worker);
}

/* Where the system has neither a pipe nor a thread to give, it is read here and now. */
static void begin_loading(hg_ca_stores *all, hg_ca_store *t) {
    t->worker.run = load;
    t->worker.argument = t;
    t->loading = hg_worker_start(&t->worker, all->pollset);
    if (t->loading) {
        hg_fork_guard_on(&t->guard, in_child, t);
        all->loading++;
    } else {
        load(t);
    }
}

static void end_loading(hg_ca_stores *all, hg_ca_store *t) {
    hg_fork_guard_off(&t->guard);
    hg_worker_end(&t->worker);
    t->loading = false;
    all->loading--;
}

/* ---- all of them ---- */

static void drop(hg_ca_store **at) {
    hg_ca_store *t = *at;
    *at = t->next;
    t->next = NULL;
    hg_ca_store_unref(t);
}

void hg_ca_stores_close(hg_ca_stores *all) {
    while (all->first) {
        if (all->first->loading)
            end_loading(all, all->first);
        drop(&all->first);
    }
}

void hg_ca_stores_forked(hg_ca_stores *all) {
    for (hg_ca_store *t = all->first; t; t = t->next)
        if (t->loading)
            in_child(t);
    *all = (hg_ca_stores){0};
}

/* The one of this file that is fit for use. A file that was no good may be mended by now. */
static hg_ca_store *known(hg_ca_stores *all, const char *file) {
    int64_t now = hg_now();
    for (hg_ca_store **at = &all->first; *at; at = &(*at)->next) {
        hg_ca_store *t = *at;
        if (strcmp(t->file, file) != 0)
            continue;
        if (t->loading || (t->store && now - t->since < DAY))
            return t;
        drop(at);
        return NULL;
    }
    return NULL;
}

static void forget_the_oldest(hg_ca_stores *all) {
    int n = 0;
    for (hg_ca_store **at = &all->first; *at;) {
        if (++n > KEEP && !(*at)->loading)
            drop(at);
        else
            at = &(*at)->next;
    }
}

static hg_ca_store *begin(hg_ca_stores *all, const char *file) {
    hg_ca_store *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->refs = 1;
    t->file = strdup(file);
    if (!t->file) {
        free(t);
        return NULL;
    }
    t->since = hg_now();
    t->next = all->first;
    all->first = t;
    begin_loading(all, t);
    forget_the_oldest(all);
    return t;
}

bool hg_ca_stores_find(hg_ca_stores *all, const char *url, const char *ca_file, const char *proxy,
                       hg_ca_store **found) {
    *found = NULL;
    if (strncmp(url, "https://", 8) != 0)
        return true;
    const char *file = ca_file ? ca_file : default_file();
    if (!file || !same_openssl() || tls_to_proxy(proxy))
        return true;
    *found = known(all, file);
    if (!*found)
        *found = begin(all, file);
    return *found != NULL;
}

hg_ca_store *hg_ca_stores_ready(hg_ca_stores *all, int fd) {
    for (hg_ca_store **at = &all->first; *at; at = &(*at)->next) {
        hg_ca_store *t = *at;
        if (!t->loading || !hg_worker_is(&t->worker, fd))
            continue;
        end_loading(all, t);
        return t;
    }
    return NULL;
}

/* ---- what libcurl is told ---- */

static CURLcode on_context(CURL *easy, void *context, void *trust) {
    (void)easy;
    SSL_CTX_set1_cert_store(context, ((hg_ca_store *)trust)->store);
    return CURLE_OK;
}

bool hg_ca_store_apply(CURL *easy, hg_ca_store *t, const char *ca_file, unsigned epoch) {
    if (t) {
        char name[4096];
        /* libcurl keeps connections and TLS sessions of different authorities apart by these two
         * texts; so are those of different epochs. Named as a directory the file is not read:
         * OpenSSL would search one only when it verifies, and by then our store is in its place.
         */
        snprintf(name, sizeof name, "%u:%s", epoch, t->file);
        return curl_easy_setopt(easy, CURLOPT_CAINFO, NULL) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_CAPATH, name) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_context) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, t) == CURLE_OK;
    }
    if (ca_file && curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file) != CURLE_OK)
        return false;
    /* A directory in addition to the file would switch off libcurl's cache and cost 27 to 55 ms in
     * one step at every new connection. */
    return !(ca_file || default_file()) || curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) == CURLE_OK;
}
