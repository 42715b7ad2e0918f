/* What to trust: files of certificates, each read once, by a thread, for all TLS connections.
 *
 * libcurl would read the system's file within the step that makes the first connection, and that
 * takes about 40 ms: several frames of a game. */
#ifndef HG_CA_STORE_H
#define HG_CA_STORE_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "flood.h"
#include "fork.h"
#include "pollset.h"
#include "queue.h"
#include "worker.h"

typedef struct hg_ca_store {
    int refs;
    char *file;
    struct x509_store_st *store; /* NULL: not there yet, or the file is no good */
    bool loading;                /* the thread has not been waited for */
    bool stale;                  /* the file has changed since */
    int problem;                 /* the errno of reading it */
    const char *dir;             /* searched in addition; NULL: none */
    unsigned number;             /* each reading has its own */
    struct stat status;          /* of the file, when it was read */
    int64_t checked;             /* when that was compared last */
    hg_queue waiting;            /* operations that cannot start before it is loaded */
    hg_flood *flood;             /* guards its connections */
    struct hg_ca_store *next;
    hg_worker worker;
    hg_fork_guard guard;
} hg_ca_store;

typedef struct hg_ca_stores {
    hg_ca_store *first; /* the newest */
    int loading;        /* how many threads are at work */
    unsigned numbers;   /* how many were read */
    hg_pollset *pollset;
    hg_flood *flood;
} hg_ca_stores;

/* Waits for the threads. No operation may be waiting for one, and no handle may be left. */
void hg_ca_stores_close(hg_ca_stores *all);
/* In a forked child: its threads do not exist here, and what they read is given up. */
void hg_ca_stores_forked(hg_ca_stores *all);

/* What a connection to `url` trusts; loading begins at the first call. `ca_file` and `proxy` may be
 * NULL for libcurl's default and for the environment's. *found is NULL where libcurl has to see to
 * it itself: no TLS, no OpenSSL that we share with it, no file but a directory, or a TLS connection
 * to a proxy, whose authorities may be others. False: memory is out. */
bool hg_ca_stores_find(hg_ca_stores *all, const char *url, const char *ca_file, const char *proxy,
                       hg_ca_store **found);

/* Ends the loading whose word has come on `fd`. NULL: the descriptor is none of ours. */
hg_ca_store *hg_ca_stores_ready(hg_ca_stores *all, int fd);

/* True: its file has changed since it was read. */
bool hg_ca_store_is_old(const hg_ca_store *t);

hg_ca_store *hg_ca_store_ref(hg_ca_store *t);
void hg_ca_store_unref(hg_ca_store *t); /* NULL: nothing */

/* Makes an easy handle, fresh from a reset, trust `t`, which must outlive its use; or, when that is
 * NULL, what libcurl reads from `ca_file` or its own default. Connections of another `epoch` are
 * not used. False: memory is out, and the handle must not be used. */
bool hg_ca_store_apply(CURL *easy, hg_ca_store *t, const char *ca_file, unsigned epoch);

#endif
