/* Whom to trust: files of certificates, each read once, by a thread, for all TLS connections. */
#include "ca_store.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/opensslv.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { KEEP = 8 }; /* files that are remembered: about 1 MB each, and a program has one or two */

/* A server may run for months, and the system's file changes. As often as libcurl, which see. */
static const int64_t DAY = 24 * 3600 * HG_SECOND;

static const char *default_file(void) {
    static const char *file; /* asking takes 5,000 instructions, and the answer never changes */
    static bool known;
    if (!known) {
        const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
        file = v->age >= CURLVERSION_SEVENTH ? v->cainfo : NULL;
        known = true;
    }
    return file;
}

/* Is libcurl's TLS the very OpenSSL that this file calls? Then it takes a store that we made. */
static bool same_openssl(void) {
#ifdef OPENSSL_VERSION_STRING
    static int known;
    if (!known) {
        const char *theirs = curl_version_info(CURLVERSION_NOW)->ssl_version;
        known = theirs && strncmp(theirs, "OpenSSL/", 8) == 0 &&
                        strcmp(theirs + 8, OpenSSL_version(OPENSSL_VERSION_STRING)) == 0
                    ? 1
                    : -1;
    }
    return known > 0;
#else
    return false;
#endif
}

static bool is_tls(const char *proxy) {
    return proxy && strncasecmp(proxy, "https://", 8) == 0;
}

/* May libcurl speak TLS with a proxy? Where it looks, if the request says nothing. */
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
static void *load(void *trust) {
    hg_ca_store *t = trust;
#ifdef OPENSSL_VERSION_STRING
    X509_STORE *store = X509_STORE_new();
    if (store && X509_STORE_load_file(store, t->file) == 1) {
        X509_STORE_set_flags(store, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
        t->store = store;
    } else {
        X509_STORE_free(store);
    }
    /* The first connection of a process also makes OpenSSL look for its algorithms: half a
     * millisecond, better spent here. */
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_free(context ? SSL_new(context) : NULL);
    SSL_CTX_free(context);
    ERR_clear_error();
#endif
    return NULL;
}

static void *load_in_thread(void *trust) {
    hg_ca_store *t = trust;
    load(t);
    while (write(t->tell, "!", 1) < 0 && errno == EINTR)
        ; /* all signals are blocked here, but a debugger's are not */
    return NULL;
}

static bool open_pipe(int ends[2]) {
#ifdef __linux__
    return pipe2(ends, O_CLOEXEC) == 0;
#else
    if (pipe(ends) != 0)
        return false;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    return true;
#endif
}

static void close_pipe(hg_ca_stores *all, hg_ca_store *t) {
    hg_pollset_closed(all->pollset, t->hear);
    close(t->hear);
    close(t->tell);
}

/* Where the system has neither a pipe nor a thread to give, it is read here and now. */
static void begin_loading(hg_ca_stores *all, hg_ca_store *t) {
    int ends[2];
    if (open_pipe(ends)) {
        t->hear = ends[0];
        t->tell = ends[1];
        t->loading = hg_pollset_opened(all->pollset, t->hear) &&
                     hg_pollset_want(all->pollset, t->hear, HG_READ) &&
                     hg_errand_start(&t->errand, load_in_thread, t);
        if (!t->loading)
            close_pipe(all, t);
    }
    all->loading += t->loading;
    if (!t->loading)
        load(t);
}

static void end_loading(hg_ca_stores *all, hg_ca_store *t) {
    hg_errand_join(&t->errand);
    close_pipe(all, t);
    t->loading = false;
    all->loading--;
}

/* ---- all of them ---- */

static void drop(hg_ca_store **place) {
    hg_ca_store *t = *place;
    *place = t->next;
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
            close(t->tell); /* the other end is the pollset's to close */
    *all = (hg_ca_stores){0};
}

/* The one of this file that is fit for use. A file that was no good may be mended by now. */
static hg_ca_store *known(hg_ca_stores *all, const char *file) {
    int64_t now = hg_now();
    for (hg_ca_store **place = &all->first; *place; place = &(*place)->next) {
        hg_ca_store *t = *place;
        if (strcmp(t->file, file) != 0)
            continue;
        if (t->loading || (t->store && now - t->since < DAY))
            return t;
        drop(place);
        return NULL;
    }
    return NULL;
}

static void forget_the_oldest(hg_ca_stores *all) {
    int n = 0;
    for (hg_ca_store **place = &all->first; *place;) {
        if (++n > KEEP && !(*place)->loading)
            drop(place);
        else
            place = &(*place)->next;
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

hg_ca_store *hg_ca_stores_heard(hg_ca_stores *all, int fd) {
    for (hg_ca_store **place = &all->first; *place; place = &(*place)->next) {
        hg_ca_store *t = *place;
        if (!t->loading || t->hear != fd)
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

void hg_ca_store_apply(CURL *easy, hg_ca_store *t, const char *ca_file) {
    if (t) {
        /* libcurl keeps connections and TLS sessions of different authorities apart by these two
         * texts. Named as a directory the file is not read: OpenSSL would look into one only when
         * it verifies, and by then our store is in its place. */
        curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
        curl_easy_setopt(easy, CURLOPT_CAPATH, t->file);
        curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_context);
        curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, t);
        return;
    }
    if (ca_file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
    /* A directory beside the file would switch off libcurl's cache and cost 27 to 55 ms in one step
     * at every new connection. */
    if (ca_file || default_file())
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
}
