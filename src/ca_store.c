/* What to trust: files of certificates, each read once, by a thread, for all TLS connections. */
#include "ca_store.h"

#include <errno.h>
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

/* A server may run for months, and files are replaced: how often that is asked. */
static const int64_t CHECK = 60 * HG_SECOND;

/* Asked once in a process: libcurl's answer takes 5,000 instructions and never changes. As with the
 * curl tool, the environment goes before what libcurl was built with. */
static struct {
    const char *file;  /* of certificates, by default */
    const char *dir;   /* a directory of them in addition; NULL: none */
    bool same_openssl; /* its TLS is the very OpenSSL that this file calls: it takes our stores */
} libcurl;

static const char *from_environment(const char *name) {
    const char *value = getenv(name);
    return value && *value ? strdup(value) : NULL; /* for ever: the host may change it */
}

static void ask_libcurl(void) {
    const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
    libcurl.file = from_environment("SSL_CERT_FILE");
    libcurl.dir = from_environment("SSL_CERT_DIR");
    if (!libcurl.file && v->age >= CURLVERSION_SEVENTH)
        libcurl.file = v->cainfo;
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

static const char *default_dir(void) {
    know_libcurl();
    return libcurl.dir;
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
    errno = 0;
    bool ok = store && X509_STORE_load_file(store, t->file) == 1;
    t->problem = errno;
    if (store && t->dir) /* the file may be missing then */
        ok = X509_STORE_load_path(store, t->dir) == 1;
    if (ok) {
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

/* What tells one state of a file from another. */
static void note_status(const char *file, struct stat *status) {
    if (stat(file, status) != 0)
        memset(status, 0, sizeof *status);
}

bool hg_ca_store_is_old(const hg_ca_store *t) {
    struct stat now;
    note_status(t->file, &now);
    return now.st_mtime != t->status.st_mtime || now.st_size != t->status.st_size ||
           now.st_ino != t->status.st_ino || now.st_dev != t->status.st_dev;
}

/* True: it is as the file is now, as far as that is known. */
static bool is_fit(hg_ca_store *t) {
    int64_t now = hg_now();
    if (!t->store || t->stale)
        return false;
    if (now - t->checked < CHECK)
        return true;
    t->checked = now;
    return !hg_ca_store_is_old(t);
}

/* The one of this file that is fit for use. A file that was no good may be mended by now. */
static hg_ca_store *known(hg_ca_stores *all, const char *file) {
    for (hg_ca_store **at = &all->first; *at; at = &(*at)->next) {
        hg_ca_store *t = *at;
        if (strcmp(t->file, file) != 0)
            continue;
        if (t->loading || is_fit(t))
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

static hg_ca_store *begin(hg_ca_stores *all, const char *file, const char *dir) {
    hg_ca_store *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->refs = 1;
    t->flood = all->flood;
    t->file = strdup(file);
    if (!t->file) {
        free(t);
        return NULL;
    }
    t->dir = dir;
    t->number = ++all->numbers;
    t->checked = hg_now();
    note_status(file, &t->status);
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
        *found = begin(all, file, ca_file ? NULL : default_dir());
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
    hg_ca_store *t = trust;
    SSL_CTX_set1_cert_store(context, t->store);
    hg_flood_guard(t->flood, context);
    return CURLE_OK;
}

bool hg_ca_store_apply(CURL *easy, hg_ca_store *t, const char *ca_file, unsigned epoch) {
    if (t) {
        char name[4096];
        /* libcurl keeps connections and TLS sessions of different authorities apart by these two
         * texts; so are those of different epochs and states of the file. Named as a directory the
         * file is not read: OpenSSL would search one only when it verifies, and by then our store
         * is in its place.
         */
        snprintf(name, sizeof name, "%u.%u:%s", epoch, t->number, t->file);
        return curl_easy_setopt(easy, CURLOPT_CAINFO, NULL) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_CAPATH, name) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_context) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, t) == CURLE_OK;
    }
    const char *file = ca_file ? ca_file : default_file(), *dir = ca_file ? NULL : default_dir();
    if (file && curl_easy_setopt(easy, CURLOPT_CAINFO, file) != CURLE_OK)
        return false;
    /* A directory in addition to the file would switch off libcurl's cache and cost 27 to 55 ms in
     * one step at every new connection: only where it was asked for. */
    return !(file || dir) || curl_easy_setopt(easy, CURLOPT_CAPATH, dir) == CURLE_OK;
}
